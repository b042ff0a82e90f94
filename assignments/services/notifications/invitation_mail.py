"""Links with which invited people choose their first password, and the mail of them.

A link is computed from the login and kept nowhere: not in the database, not in the log.
The mail is stored with a mark in its place, and gets it when it is sent.
"""

from datetime import datetime, timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail.message import make_msgid
from django.template.loader import render_to_string
from django.utils.encoding import force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from assignments import smtp
from assignments.models import Mail, User
from assignments.task_queue import nudge_mails

LINK_MARK = "[the link is put in when this mail is sent]"
PATH = "/accounts/invitation/"
SIGN_IN_PATH = "/accounts/login/"
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
    _delete_waiting(user)
    if not (user.email and smtp.is_on()):
        return False
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")
    context = {
        "actor": actor,
        "user": user,
        "link": LINK_MARK,
        "days": VALID_FOR.days,
    }
    Mail.objects.create(
        message_id=make_msgid(domain=host),
        user=user,
        address=user.email[:254],
        subject=f"{actor} invites you to Handoff"[:200],
        text=render_to_string("mail/invitation.txt", context).strip() + "\n",
        html=render_to_string("mail/invitation.html", context),
        is_invitation=True,
        created_at=at,
    )
    nudge_mails()
    return True


def _delete_waiting(user: User) -> None:
    invitations = Mail.objects.filter(user=user, is_invitation=True)
    waiting = invitations.filter(state=Mail.State.WAITING).select_for_update()
    ids = list(waiting.values_list("pk", flat=True))  # locked: none is claimed now
    Mail.objects.filter(pk__in=ids).delete()


def with_link(text: str, mail: Mail) -> str:
    """Return a text of an invitation with its link; of any other mail as it is.

    A login that has a password by now gets the page for signing in instead.
    """
    if not mail.is_invitation or mail.user is None:
        return text
    has_password = mail.user.has_usable_password()
    path = SIGN_IN_PATH if has_password else invitation_path(mail.user)
    return text.replace(LINK_MARK, urljoin(settings.SITE_URL, path))
