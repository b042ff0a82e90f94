"""Answers to django-allauth about second factors: names, and how secrets are kept."""

import base64
import secrets

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator

from assignments.encryption import SecretUnreadable, decrypt, encrypt
from assignments.models import User
from assignments.services.people.second_factors import PURPOSE


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is not right, or was used already.",
    }

    def encrypt(self, text: str) -> str:
        return encrypt(text, purpose=PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret; a random one if it was encrypted with another SECRET_KEY.

        So no code is right any more, and a sales manager resets the factor.
        """
        try:
            return decrypt(encrypted_text, purpose=PURPOSE)
        except SecretUnreadable:
            return base64.b32encode(secrets.token_bytes(20)).decode()

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {number + 1}"

    def build_totp_svg(self, url: str) -> str:
        """Return the QR code as SVG, on white also where the page is dark."""
        svg: str = super().build_totp_svg(url)
        head, path, rest = svg.partition("<path")
        return f'{head}<rect width="100%" height="100%" fill="white"/>{path}{rest}'
