"""What somebody is told: in the app, and by e-mail as they have chosen."""

import unicodedata
from datetime import datetime

from django.db import transaction

from assignments import smtp
from assignments.models import Member, Notification, User
from assignments.models.notification import Kind, NotificationQuerySet
from assignments.services.notifications.preferences import choice_of
from assignments.task_queue import nudge_mails


def tell(
    user: User | Member,
    *,
    kind: Kind,
    key: str,
    subject: str,
    text: str,
    path: str,
    at: datetime,
) -> Notification | None:
    """Tell them once; None if they have been told, under this key, before.

    A member with a login is told as its user; one without only by e-mail, so that there
    must be an address and a mail server. `subject` is one line and says it all; `text`
    may add what a mail has room for, in plain lines. `path` is the page of this site
    that shows the leads. The caller holds the transaction in which the thing itself is
    recorded, so that it is told if and only if it happened.
    """
    reader = user.user or user if isinstance(user, Member) else user
    if isinstance(reader, Member) and not (smtp.is_on() and reader.email):
        return None
    what = {"kind": kind, "path": path, "created_at": at, "text": _plain(text)}
    told, is_new = Notification.objects.get_or_create(
        **{"user" if isinstance(reader, User) else "member": reader},
        key=key,
        defaults=what | {"subject": one_line(subject)[:200], **_ways(reader, kind)},
    )
    if is_new and told.mail_waits:
        nudge_mails()
    return told if is_new else None


def _ways(reader: User | Member, kind: Kind) -> dict[str, bool]:
    in_app = isinstance(reader, User) and choice_of(reader, kind).in_app
    return {"in_app": in_app, "mail_waits": smtp.is_on()}


def of_user(user: User) -> NotificationQuerySet:
    return Notification.objects.filter(user=user).shown()


def read(*, user: User, pk: int, at: datetime) -> Notification | None:
    """Their own notification, which they have opened; None if there is none."""
    Notification.objects.filter(user=user, pk=pk, read_at=None).update(read_at=at)
    return Notification.objects.filter(user=user, pk=pk).first()


@transaction.atomic
def read_all(*, user: User, up_to: int, at: datetime) -> int:
    """All that they have seen: up to the newest of the page; how many there were."""
    return of_user(user).unread().filter(pk__lte=up_to).update(read_at=at)


def one_line(text: str) -> str:
    """Names come from strangers: no line break, nothing that cannot be seen."""
    return " ".join(_plain(text).split())


def _plain(text: str) -> str:
    return "".join(
        character
        for character in text
        if character in "\n\t" or unicodedata.category(character) != "Cc"
    )
