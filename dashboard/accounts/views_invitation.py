"""The first visit of somebody who was invited: a password, or a provider's sign-in."""

from http import HTTPStatus

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from assignments.models import User
from assignments.services.notifications.invitation_mail import invited_user
from assignments.services.people import invitations
from dashboard.accounts.oidc.local_sign_in import may_use_password
from dashboard.accounts.secret_link import forget_link, keep_link, kept_link

TEMPLATE = "accounts/invitation.html"
PAGE = "invitation"


@login_not_required
@never_cache
@require_safe
def open_invitation(request: HttpRequest, key: str, token: str) -> HttpResponse:
    opens = invited_user(key, token) is not None
    return keep_link(request, PAGE, key, token, opens=opens)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """Show the form for the first password; on POST save it and sign the person in.

    Answers 422 if the password is not accepted, 410 if the link has ended, and 409 if
    somebody is signed in already.
    """
    key, token = kept_link(request, PAGE)
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
    response: HttpResponse = perform_login(request, Login(user=accepted))
    messages.success(
        request, f"Welcome. From now on you sign in as “{accepted.username}”."
    )
    forget_link(response, PAGE)
    return response


def _form(
    request: HttpRequest,
    user: User,
    form: SetPasswordForm[User],
    *,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    context = {"invited": user, "form": form}
    return render(request, TEMPLATE, context, status=status)
