"""The first visit of somebody who was invited: they choose a password."""

from datetime import timedelta
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from assignments.models import User
from assignments.services.notifications.invitation_mail import invited_user
from assignments.services.people import invitations
from dashboard.accounts.oidc.local_sign_in import may_use_password

TEMPLATE = "accounts/invitation.html"
COOKIE = "invitation"
COOKIE_VALID_FOR = timedelta(hours=1)
BACKEND = "django.contrib.auth.backends.ModelBackend"


@login_not_required
@never_cache
@require_safe
def open_invitation(request: HttpRequest, key: str, token: str) -> HttpResponse:
    """Keep the link's two parts in a cookie, and go on at an address without them.

    So the browser's history, its Referer and its screen do not tell the secret, nor does
    the database. The parts of a link that opens nothing are not kept.
    """
    response = redirect("invitation")
    if invited_user(key, token) is None:
        if COOKIE in request.COOKIES:
            _forget_link(response)
        return response
    response.set_signed_cookie(
        COOKIE,
        f"{key}/{token}",
        salt=__name__,
        max_age=COOKIE_VALID_FOR,
        path=reverse("invitation"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",  # Strict would not arrive after a link in a mail
    )
    return response


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """Show the form for the first password; on POST save it and sign the person in.

    Answers 422 if the password is not accepted, 410 if the link has ended, and 409 if
    somebody is signed in already.
    """
    key, token = _opened_link(request)
    user = invited_user(key, token)
    if user is None:
        return render(request, TEMPLATE, status=HTTPStatus.GONE)
    if request.user.is_authenticated:
        context = {"invited": user, "other": request.user}
        return render(request, TEMPLATE, context, status=HTTPStatus.CONFLICT)
    if not may_use_password(user.username):
        here = {"invited": user, "by_provider": True}
        return render(request, TEMPLATE, here)
    form = SetPasswordForm(user, request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return _form(request, user, form)
    if not form.is_valid():
        return _form(request, user, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    password = form.cleaned_data["new_password1"]
    accepted = invitations.accept(key=key, token=token, password=password)
    if accepted is None:
        return render(request, TEMPLATE, status=HTTPStatus.GONE)
    login(request, accepted, backend=BACKEND)
    messages.success(
        request, f"Welcome. From now on you sign in as “{accepted.username}”."
    )
    response = redirect("home")
    _forget_link(response)
    return response


def _opened_link(request: HttpRequest) -> tuple[str, str]:
    """Return the two parts of the link that was opened last; empty if none is kept."""
    kept = request.get_signed_cookie(
        COOKIE, default="", salt=__name__, max_age=COOKIE_VALID_FOR
    )
    key, _, token = (kept or "").partition("/")
    return key, token


def _forget_link(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, path=reverse("invitation"), samesite="Lax")


def _form(
    request: HttpRequest,
    user: User,
    form: SetPasswordForm[User],
    *,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    context = {"invited": user, "form": form}
    return render(request, TEMPLATE, context, status=status)
