"""Forms of second factors. Each guess of a code is counted."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.utils import timezone

from assignments.models import SignInEvent
from assignments.services.people import second_factors, sign_ins
from dashboard.accounts.account_adapter import locked_error
from dashboard.accounts.sign_in_guard import visitor_of


class _CountedCode(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        attrs = {"autocomplete": "one-time-code", "autofocus": True}
        self.fields["code"].widget.attrs = attrs

    def clean_code(self) -> str:
        """Return the code if it is right.

        Raises ValidationError if it is wrong, or if earlier wrong ones lock it.
        """
        guess = second_factors.begin_code(
            user=self.user,  # type: ignore[attr-defined]
            visitor=visitor_of(context.request),
            at=timezone.now(),
        )
        if isinstance(guess, sign_ins.SignInLock):
            raise locked_error(guess)
        code: str = super().clean_code()  # type: ignore[misc]
        guess.kind = SignInEvent.Kind.RECOVERY_CODE_USED
        if self.authenticator.type == Authenticator.Type.RECOVERY_CODES:  # type: ignore[attr-defined]
            guess.save()
        else:
            guess.delete()
        return code


class SecondStepForm(_CountedCode, AuthenticateForm):  # type: ignore[misc]
    """The code that follows a right password."""


class ProofByCodeForm(_CountedCode, ReauthenticateForm):  # type: ignore[misc]
    """The code with which somebody who is signed in proves themselves again."""


class PasskeyForm(AddWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "Such as the device that it is on."
        alone = self.fields["passwordless"]
        alone.label = "Sign in with it alone, without a password"
        alone.help_text = "It then asks for your fingerprint, face or PIN each time."
