"""Signing in and out, and the settings of the viewer."""

from http import HTTPStatus
from typing import Any

from allauth.account.signals import password_changed
from allauth.account.views import LoginView
from allauth.mfa.webauthn.views import login_webauthn
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from assignments.models import User
from assignments.services.absence_wording import city_of_zone
from assignments.services.notifications.account_mail import tell_of_change
from assignments.services.people import (
    first_manager,
    preferences,
    provider_sessions,
    sign_ins,
)
from dashboard.accounts.forms import OwnSettingsForm, SignInForm, ZoneAnswerForm
from dashboard.accounts.return_address import page_at
from dashboard.accounts.session_limit import may_begin_session
from dashboard.accounts.sign_in_guard import visitor_of
from dashboard.htmx import PageRequest, back_where_from


class SignInView(LoginView):  # type: ignore[misc]  # allauth has no types
    template_name = "accounts/login.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_empty = not first_manager.has_any_login()
        wanted = self.get_next_url()
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"is_empty": is_empty, "next": wanted}

    def get_next_url(self) -> str:
        """Return the posted `next`, or else that of the address, as `page_at` does.

        Empty if there is none or it is no page of ours: the first page of the user then
        follows.
        """
        asked = self.request.POST.get("next") or self.request.GET.get("next", "")
        return page_at(self.request, asked) or ""

    def form_valid(self, form: SignInForm) -> HttpResponse:
        """Sign in, or go on to the second factor; the log says which."""
        response: HttpResponse = super().form_valid(form)
        event = getattr(self.request, "sign_in_event", None)
        if event and not self.request.user.is_authenticated:
            sign_ins.record_password_right(event)
        return response


login = SignInView.as_view()


@login_not_required
def passkey(request: HttpRequest) -> HttpResponse:
    """Sign in with a passkey; answers 429 if too many from this network began to."""
    if request.method in {"GET", "HEAD"} and not may_begin_session(request):
        return HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS)
    response: HttpResponse = login_webauthn(request)
    return response


@login_not_required
@require_safe
def admin_login(request: HttpRequest) -> HttpResponse:
    wanted = page_at(request, request.GET.get("next", ""))
    return redirect_to_login(wanted or reverse("admin:index"))


@require_http_methods(["GET", "HEAD", "POST"])
def me(request: PageRequest) -> HttpResponse:
    if request.method != "POST":
        return _me(request, OwnSettingsForm(initial=_own(request.user)))
    form = OwnSettingsForm(request.POST)
    if not form.is_valid():
        return _me(request, form, status=422)
    preferences.save_own_preferences(user=request.user, **form.cleaned_data)
    messages.success(request, "Saved.")
    return redirect("me")


@require_POST
def change_appearance(request: PageRequest) -> HttpResponse:
    """Save the settings of the viewer that were posted and keep their others.

    Redirect to the page where the form was, or answer 422 with the settings page if a
    value is not valid.
    """
    form = OwnSettingsForm(_own(request.user) | request.POST.dict())
    if not form.is_valid():
        return _me(request, form, status=422)
    preferences.save_own_preferences(user=request.user, **form.cleaned_data)
    return back_where_from(request, "me")


@require_POST
def answer_zone(request: PageRequest) -> HttpResponse:
    """Take the time zone of the browser, or keep the one there is; asked once.

    Redirect to the page where the question was. A zone that is not known here is said,
    and the question stays.
    """
    form = ZoneAnswerForm(request.POST)
    if request.POST.get("is_taken") and not form.is_valid():
        for sentence in form.errors.get("zone", ()):
            messages.error(request, str(sentence))
        return back_where_from(request, "me")
    zone = form.cleaned_data["zone"] if form.data.get("is_taken") else None
    at = timezone.now()
    preferences.answer_zone_offer(user=request.user, time_zone=zone, at=at)
    if zone:
        messages.success(request, f"Times are shown in {city_of_zone(zone)} time now.")
    return back_where_from(request, "me")


def _own(user: User) -> dict[str, Any]:
    names = ("theme", "density", "time_zone", "single_keys")
    return {name: getattr(user, name) for name in names}


def _me(
    request: PageRequest, form: OwnSettingsForm, *, status: int = 200
) -> HttpResponse:
    return render(request, "accounts/me.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def password(request: PageRequest) -> HttpResponse:
    if request.method != "POST":
        return _password(request, PasswordChangeForm(request.user))
    at = timezone.now()
    guess = sign_ins.begin_password_change(
        user=request.user, visitor=visitor_of(request), at=at
    )
    if isinstance(guess, sign_ins.SignInLock):
        context = {"minutes": guess.minutes(at)}
        return render(request, "accounts/password.html", context, status=429)
    form = PasswordChangeForm(request.user, request.POST)
    is_done = form.is_valid()
    sign_ins.end_password_change(
        guess, was_right="old_password" not in form.errors, is_done=is_done
    )
    if not is_done:
        return _password(request, form, status=422)
    old_key = request.session.session_key or ""
    update_session_auth_hash(request, form.save())
    # The session has another key now, by which others know it.
    new_key = request.session.session_key or ""
    provider_sessions.follow_key(old=old_key, new=new_key)
    password_changed.send(sender=User, request=request, user=request.user)
    tell_of_change(request.user, change="Your password was changed.", at=at)
    messages.success(request, "Your password is changed.")
    return redirect("me")


def _password(
    request: PageRequest, form: PasswordChangeForm, *, status: int = 200
) -> HttpResponse:
    return render(request, "accounts/password.html", {"form": form}, status=status)
