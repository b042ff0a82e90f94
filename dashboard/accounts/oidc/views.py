"""Signing in with the provider: the way there, the way back, and its own sign-out."""

from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from assignments.services.errors import NotAllowed
from assignments.services.people import (
    provider_groups,
    provider_sessions,
    provider_sign_ins,
)
from dashboard.accounts.oidc import provider_calls, token_checks
from dashboard.accounts.oidc.identity import identity_of
from dashboard.accounts.oidc.provider_calls import (
    ClientRefused,
    GrantRefused,
    ProviderTokens,
    ProviderUnreachable,
)
from dashboard.accounts.oidc.receivers import KEPT
from dashboard.accounts.oidc.refusal_reasons import (
    Refusal,
    SignInRefused,
    way_round_outage,
)
from dashboard.accounts.oidc.sealed_tokens import sealed
from dashboard.accounts.oidc.social_adapter import PROVIDER, callback_address
from dashboard.accounts.return_address import page_at
from dashboard.accounts.session_limit import may_begin_session
from dashboard.accounts.sign_in_guard import visitor_of


@login_not_required
@never_cache
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Lead to the provider, by a page: a form may be sent to our own address only."""
    _check_is_on()
    if not may_begin_session(request):
        return _refused(request, Refusal.TOO_MANY)
    next_page = page_at(request, request.POST.get("next", "")) or ""
    try:
        provider = get_adapter(request).get_provider(request, PROVIDER)
        address = provider.begin(request, next_page=next_page)
    except ProviderUnreachable as trouble:
        return _refused(request, _reason_of(trouble))
    context = {"address": address, "provider": settings.OIDC_NAME}
    return render(request, "socialaccount/leaving.html", context)


@login_not_required
@never_cache
@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """Take the visitor back from the provider, and sign them in or say why not."""
    _check_is_on()
    subject = ""
    try:
        state = _state_of(request)
        tokens = _tokens_of(request, state)
        claims = token_checks.verified_identity(
            tokens.id_token, nonce=state.get("nonce", "")
        )
        subject = str(claims["sub"])
        identity = identity_of(claims, tokens)
        account = provider_sign_ins.login_of(identity)
    except (ProviderUnreachable, GrantRefused, SignInRefused) as trouble:
        return _refused(request, _reason_of(trouble), subject=subject)
    except NotAllowed as refusal:
        return _not_allowed(request, str(refusal), subject=subject)
    provider_groups.follow_groups(
        user=account.user, groups=identity.groups, visitor=visitor_of(request),
        at=timezone.now(),
    )  # fmt: skip
    return _signed_in(request, account, state, tokens, sid=claims.get("sid"))


@csrf_exempt
@login_not_required
@never_cache
@require_POST
def back_channel_logout(request: HttpRequest) -> HttpResponse:
    """End the sessions that a logout token of the provider names.

    Answers 200, also if there was none, and 400 for a token that is not valid.
    """
    _check_is_on()
    try:
        claims = token_checks.verified_logout(request.POST.get("logout_token", ""))
    except (SignInRefused, ProviderUnreachable):
        return JsonResponse({"error": "invalid_request"}, status=400)
    ended = provider_sessions.end_by_provider(
        issuer=settings.OIDC_ISSUER, claims=claims, visitor=visitor_of(request),
        at=timezone.now(),
    )  # fmt: skip
    return HttpResponse(status=400 if ended is None else 200)


def _check_is_on() -> None:
    if not settings.OIDC_ISSUER:
        raise Http404


def _state_of(request: HttpRequest) -> dict[str, Any]:
    """Return what was kept when this browser left for the provider, once.

    Raises SignInRefused without it, if another issuer answers, or if the provider says
    that it does not let the person in.
    """
    state: dict[str, Any] | None = statekit.unstash_state(
        request,
        state_id=request.GET.get("state", ""),
        provider_id=settings.OIDC_ISSUER,
    )
    if state is None:
        raise SignInRefused(Refusal.NOT_BEGUN_HERE)
    config = provider_calls.provider_config()
    issuer = request.GET.get("iss")
    if (issuer is not None or config.names_itself) and issuer != config.issuer:
        raise SignInRefused(Refusal.WRONG_TOKEN)
    if error := request.GET.get("error"):
        is_theirs = error in {"server_error", "temporarily_unavailable"}
        raise SignInRefused(Refusal.UNREACHABLE if is_theirs else Refusal.CANCELLED)
    if not request.GET.get("code"):
        raise SignInRefused(Refusal.NOT_BEGUN_HERE)
    return state


def _tokens_of(request: HttpRequest, state: dict[str, Any]) -> ProviderTokens:
    return provider_calls.exchange_code(
        code=request.GET["code"],
        verifier=state["pkce_code_verifier"],
        redirect_uri=callback_address(),
    )


def _signed_in(
    request: HttpRequest,
    account: Any,
    state: dict[str, Any],
    tokens: ProviderTokens,
    *,
    sid: object,
) -> HttpResponse:
    """Sign in by allauth, which may ask for a second factor first.

    What the session needs travels in the state; `receivers` takes it from there.
    """
    provider = get_adapter(request).get_provider(request, PROVIDER)
    login = SocialLogin(user=None, account=account, provider=provider)
    login.state = {
        "process": "login",
        "next": state.get("next"),
        KEPT: {"sid": sid if isinstance(sid, str) else "", "tokens": sealed(tokens)},
    }
    response: HttpResponse = complete_social_login(request, login)
    return response


def _reason_of(trouble: Exception) -> Refusal:
    if isinstance(trouble, SignInRefused):
        return trouble.reason
    if isinstance(trouble, ClientRefused):
        return Refusal.MISCONFIGURED
    if isinstance(trouble, GrantRefused):
        return Refusal.WRONG_TOKEN
    return Refusal.UNREACHABLE


def _refused(
    request: HttpRequest, reason: Refusal, *, subject: str = ""
) -> HttpResponse:
    way_round = way_round_outage() if reason.is_outage else ""
    if subject:
        _log(request, reason.sentence, subject)
    return _page(request, f"{reason.sentence} {way_round}", status=reason.status)


def _not_allowed(request: HttpRequest, sentence: str, *, subject: str) -> HttpResponse:
    _log(request, sentence, subject)
    return _page(request, sentence, status=403)


def _log(request: HttpRequest, sentence: str, subject: str) -> None:
    provider_sign_ins.log_refusal(
        sentence=sentence, subject=subject, visitor=visitor_of(request),
        at=timezone.now(),
    )  # fmt: skip


def _page(request: HttpRequest, sentence: str, *, status: int) -> HttpResponse:
    context = {"sentence": sentence.strip()}
    template = "socialaccount/authentication_error.html"
    return render(request, template, context, status=status)
