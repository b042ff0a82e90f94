"""Answers to django-allauth: where to go on, who may sign in, what to tell whom."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib import messages
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from assignments.models import User
from assignments.services.notifications.account_mail import tell_of_change
from assignments.services.people import sign_ins
from dashboard.accounts.return_address import page_at
from dashboard.accounts.sign_in_guard import visitor_of
from dashboard.permissions import landing_page

BACKEND = "django.contrib.auth.backends.ModelBackend"
NOT_ALLOWED = "This login may not sign in. Ask a sales manager."
# By the names of allauth's templates: what is said on the next page, and by mail.
SAID = {
    "mfa/messages/totp_activated.txt": "Your authenticator app is set up.",
    "mfa/messages/totp_deactivated.txt": "Your authenticator app is removed.",
    "mfa/messages/webauthn_added.txt": "The passkey is added.",
    "mfa/messages/webauthn_removed.txt": "The passkey is removed.",
    "mfa/messages/recovery_codes_generated.txt": "You have new recovery codes.",
    "usersessions/messages/sessions_logged_out.txt": "You are signed out elsewhere.",
}
TOLD = {
    "mfa/email/totp_activated": "An authenticator app was set up for your login.",
    "mfa/email/totp_deactivated": "The authenticator app of your login was removed.",
    "mfa/email/webauthn_added": "A passkey was added to your login.",
    "mfa/email/webauthn_removed": "A passkey of your login was removed.",
    "mfa/email/recovery_codes_generated": "New recovery codes were made for your login.",
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_password": "This is not your password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        return page_at(self.request, url) is not None

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        assert isinstance(request.user, User)  # noqa: S101  signed in by now
        return reverse(landing_page(request.user))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Return the user of this name and password; None if wrong, inactive or locked.

        SignInGuard counts the guess.
        """
        user = authenticate(request, **credentials)
        return user if isinstance(user, User) else None

    def reauthenticate(self, user: User, password: str) -> bool:
        """Return whether it is the user's password, and count the guess.

        Raises ValidationError if earlier wrong ones lock it.
        """
        at = timezone.now()
        guess = sign_ins.begin_password_change(
            user=user, visitor=visitor_of(self.request), at=at
        )
        if isinstance(guess, sign_ins.SignInLock):
            raise locked_error(guess)
        is_right = user.check_password(password)
        sign_ins.end_password_change(guess, was_right=is_right, is_done=False)
        return is_right

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in, unless the login was deactivated since its password was checked."""
        if not user.is_active:
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        user.backend = getattr(user, "backend", BACKEND)
        super().login(request, user)

    def get_login_stages(self) -> list[str]:
        ours = "dashboard.accounts.sign_in_stages"
        stages: list[str] = super().get_login_stages()
        return [f"{ours}.RememberPassword", *stages, f"{ours}.ComparePassword"]

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        messages.error(request, NOT_ALLOWED)
        return redirect("login")

    def is_reauthentication_required(self, *, app: str, **_: Any) -> bool:
        return True  # for whatever page asks, of allauth's and of ours

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """Return the ways to prove oneself; a password is none beside a second factor."""
        methods = super().get_reauthentication_methods(user)
        stronger = [method for method in methods if method["id"] != "reauthenticate"]
        return stronger or methods

    def get_client_ip(self, request: HttpRequest) -> str:
        return visitor_of(request).address or "0.0.0.0"  # noqa: S104  no address known

    def add_message(  # noqa: PLR0917  as allauth calls it
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Say what SAID holds for the template; nothing for one that is not in it."""
        if message := message or SAID.get(message_template or ""):
            messages.add_message(request, level, message)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        if change := TOLD.get(template_prefix):
            tell_of_change(user, change=change, at=timezone.now())

    def send_mail(
        self, template_prefix: str, email: str, context: dict[str, Any]
    ) -> None:
        """Do nothing: all mails of Handoff go through its own outbox."""


def locked_error(lock: sign_ins.SignInLock) -> ValidationError:
    minutes = lock.minutes(timezone.now())
    unit = "minute" if minutes == 1 else "minutes"
    return ValidationError(f"Too many wrong ones. Try again in {minutes} {unit}.")
