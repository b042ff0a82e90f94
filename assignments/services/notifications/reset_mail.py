"""Links with which people choose a new password, and prove a new mail address."""

from datetime import datetime, timedelta

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.encoding import force_str
from django.utils.http import (
    base36_to_int,
    urlsafe_base64_decode,
    urlsafe_base64_encode,
)

from assignments.models import Mail, User
from assignments.services.access import may_use_password
from assignments.services.notifications.account_mail import (
    LINK_MARK,
    delete_waiting,
    store_mail,
)

RESET_PATH = "/accounts/password/reset/"
ADDRESS_PATH = "/accounts/address/confirm/"
VALID_FOR = timedelta(hours=2)  # from the moment at which the mail is sent


class _ShortTokens(PasswordResetTokenGenerator):
    """Signed tokens that end after VALID_FOR, with a new password or a new address."""

    def check_token(self, user: User | None, token: str | None) -> bool:
        if not super().check_token(user, token):
            return False
        made = base36_to_int((token or "").partition("-")[0])
        seconds = self._num_seconds(self._now()) - made
        return bool(seconds <= VALID_FOR.total_seconds())


class _ResetTokens(_ShortTokens):
    key_salt = "assignments.services.notifications.reset_mail.password"


class _AddressTokens(_ShortTokens):
    key_salt = "assignments.services.notifications.reset_mail.address"

    def __init__(self, new_address: str) -> None:
        super().__init__()
        self.new_address = new_address

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        # Without the last sign-in: the link may be opened on another machine.
        parts = (user.pk, user.password, timestamp, user.email, self.new_address)
        return repr(parts)


def reset_path(user: User) -> str:
    """Return the path under which the user may choose a new password: a secret."""
    key = urlsafe_base64_encode(str(user.pk).encode())
    return f"{RESET_PATH}{key}/{_ResetTokens().make_token(user)}/"


def resetting_user(key: str, token: str) -> User | None:
    """Return the user for whom `reset_path` made these two parts of a path.

    None if it was not made for anybody, is too old or used, or is of a user whom
    `may_reset` refuses.
    """
    user = _user_of(_text_of(key))
    if user is None or not may_reset(user):
        return None
    return user if _ResetTokens().check_token(user, token) else None


def may_reset(user: User) -> bool:
    """Return whether a forgotten password is replaced by mail: there is one
    that they may use, and an address. An invitation is another link.
    """
    return (
        user.is_active
        and bool(user.email)
        and user.has_usable_password()
        and may_use_password(user.get_username())
    )


def address_path(user: User, new_address: str) -> str:
    """Return the path that proves that the user reads `new_address`: a secret."""
    key = urlsafe_base64_encode(f"{user.pk} {new_address}".encode())
    return f"{ADDRESS_PATH}{key}/{_AddressTokens(new_address).make_token(user)}/"


def proven_address(key: str, token: str) -> tuple[User, str] | None:
    """Return the user and new address for which `address_path` made these two parts.

    None if it was not made for anybody, is too old or used, or the user is deactivated.
    """
    number, _, new_address = _text_of(key).partition(" ")
    user = _user_of(number)
    if user is None or not _AddressTokens(new_address).check_token(user, token):
        return None
    return user, new_address


def store_reset_mail(user: User | None, *, at: datetime) -> None:
    """Store the mail with the link to a new password, in place of an earlier one.

    Without a user the same is done for nobody: undo it.
    """
    if user is not None:
        delete_waiting(user, Mail.Purpose.RESET)
    store_mail(
        "password_reset",
        {"user": user, "link": LINK_MARK, "hours": VALID_FOR // timedelta(hours=1)},
        purpose=Mail.Purpose.RESET,
        user=user,
        address=user.email if user else "",
        subject="Choose a new password for Handoff",
        at=at,
    )


def store_address_mail(user: User, new_address: str, *, at: datetime) -> None:
    """Store the mail to the new address with the link that proves it."""
    delete_waiting(user, Mail.Purpose.NEW_ADDRESS)
    store_mail(
        "new_address",
        {"user": user, "link": LINK_MARK, "hours": VALID_FOR // timedelta(hours=1)},
        purpose=Mail.Purpose.NEW_ADDRESS,
        user=user,
        address=new_address,
        subject="Confirm your mail address at Handoff",
        at=at,
    )


def _text_of(key: str) -> str:
    try:
        return force_str(urlsafe_base64_decode(key))
    except ValueError:
        return ""


def _user_of(number: str) -> User | None:
    try:
        return User.objects.filter(pk=int(number), is_active=True).first()
    except (ValueError, OverflowError):
        return None
