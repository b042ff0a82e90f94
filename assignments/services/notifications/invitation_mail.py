"""Links with which invited people choose their first password, and the mail of them.

A link is computed from the login and kept nowhere: not in the database, not in the log.
The mail is stored with a mark in its place, and gets it when it is sent.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.encoding import force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from assignments import smtp
from assignments.models import Mail, User
from assignments.services.notifications.account_mail import (
    LINK_MARK,
    delete_waiting,
    store_mail,
)
from assignments.task_queue import nudge_mails

PATH = "/accounts/invitation/"
VALID_FOR = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)


class _Tokens(PasswordResetTokenGenerator):
    """Signed tokens that end after VALID_FOR, with a new password or a new invitation.

    They name what they were signed for, so that no other kind of token opens a login.
    """

    key_salt = "assignments.services.notifications.invitation_mail"


_tokens = _Tokens()


def invitation_path(user: User) -> str:
    """Return the path under which the user may choose a first password: a secret."""
    key = urlsafe_base64_encode(str(user.pk).encode())
    return f"{PATH}{key}/{_tokens.make_token(user)}/"


def invited_user(key: str, token: str) -> User | None:
    """Return the user for whom `invitation_path` made these two parts of a path.

    None if it was not made for anybody, is too old or used, or was replaced by a newer
    one; None too if the user has a password or is deactivated.
    """
    try:
        number = int(force_str(urlsafe_base64_decode(key)))
        user = User.objects.filter(pk=number, is_active=True).first()
    except (ValueError, OverflowError):
        return None
    if user is None or user.has_usable_password():
        return None
    return user if _tokens.check_token(user, token) else None


def queue_invitation(*, user: User, actor: User, at: datetime) -> bool:
    """Store the mail with the invitation and have it sent; return whether that was done.

    Not without an address of the user, nor while mail is off. Earlier invitations of the
    user that still wait are deleted in any case. Call it in a transaction.
    """
    delete_waiting(user, Mail.Purpose.INVITATION)
    if not (user.email and smtp.is_on()):
        return False
    context = {"actor": actor, "user": user, "link": LINK_MARK, "days": VALID_FOR.days}
    store_mail(
        "invitation",
        context,
        purpose=Mail.Purpose.INVITATION,
        user=user,
        address=user.email,
        subject=f"{actor} invites you to Handoff",
        at=at,
    )
    nudge_mails()
    return True
