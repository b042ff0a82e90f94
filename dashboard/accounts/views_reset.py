"""A forgotten password: the wish for a new one, and the page behind the mailed link."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from assignments import smtp
from assignments.services.notifications.reset_mail import VALID_FOR, resetting_user
from assignments.services.people import forgotten_passwords
from dashboard.accounts.forms import ForgottenPasswordForm
from dashboard.accounts.secret_link import forget_link, keep_link, kept_link
from dashboard.accounts.sign_in_guard import visitor_of

PAGE = "reset_password"
TEMPLATE = "accounts/reset.html"


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Show the form for a name or mail address; on POST have a link mailed.

    The answer is the same whether there is such a login. Answers 422 to an empty form,
    429 after too many wishes. While mail is off it says whom to ask, and has no form.
    """
    context: dict[str, object] = {"is_mail_on": smtp.is_on()}
    if request.method != "POST" or not smtp.is_on():
        context["form"] = ForgottenPasswordForm()
        return render(request, "accounts/forgotten.html", context)
    form = context["form"] = ForgottenPasswordForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/forgotten.html", context, status=422)
    at = timezone.now()
    lock = forgotten_passwords.ask(
        name=form.cleaned_data["name"], visitor=visitor_of(request), at=at
    )
    if lock:
        context["minutes"] = lock.minutes(at)
        return render(request, "accounts/forgotten.html", context, status=429)
    context |= {"is_asked": True, "hours": int(VALID_FOR.total_seconds() // 3600)}
    return render(request, "accounts/forgotten.html", context)


@login_not_required
@never_cache
@require_safe
def open_reset(request: HttpRequest, key: str, token: str) -> HttpResponse:
    opens = resetting_user(key, token) is not None
    return keep_link(request, PAGE, key, token, opens=opens)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest) -> HttpResponse:
    """Show the form for a new password; on POST save it and lead to the sign-in page.

    Nobody is signed in by it, so a second factor is asked for as ever. Answers 422 if
    the password is not accepted, and 410 if the link has ended.
    """
    key, token = kept_link(request, PAGE)
    user = resetting_user(key, token)
    if user is None:
        return render(request, TEMPLATE, status=HTTPStatus.GONE)
    form = SetPasswordForm(user, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        context = {"person": user, "form": form}
        return render(request, TEMPLATE, context, status=status)
    changed = forgotten_passwords.choose_new(
        key=key,
        token=token,
        password=form.cleaned_data["new_password1"],
        visitor=visitor_of(request),
        at=timezone.now(),
    )
    if changed is None:
        return render(request, TEMPLATE, status=HTTPStatus.GONE)
    messages.success(request, "Your password is changed. Sign in with the new one.")
    response = redirect("login")
    forget_link(response, PAGE)
    return response
