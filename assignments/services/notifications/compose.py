"""Compose mails of waiting notifications, at the moment when they may go out.

So a changed preference counts for all that has not been mailed, and what waited
together goes in one mail.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from urllib.parse import urljoin

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail.message import make_msgid
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Min
from django.template.loader import render_to_string

from assignments import smtp
from assignments.mail_encoding import wire_address
from assignments.models import (
    Coverage,
    CoverageNotice,
    Mail,
    Member,
    Notification,
    User,
)
from assignments.models.notification import ByMail, NotificationKind
from assignments.services.isolation import run_isolated
from assignments.services.notifications import outbox
from assignments.services.notifications.preferences import (
    NotificationPreferences,
    mail_address,
    preferences_of,
)

type Reader = User | Member


def compose_due_mails(*, at: datetime) -> int:
    """Store one mail for each reader who has something to be mailed now.

    Return their number; the outbox sends them. While mail is off, all that waits is
    dropped; while `can_compose` is False, it waits. A reader for whom it raises is
    logged and counts 0.
    """
    if not smtp.is_on():
        # A server that is set up later must not begin with old news.
        Notification.objects.to_mail().update(mail_waits=False)
        return 0
    if not outbox.can_compose(at=at):
        return 0
    return sum(
        run_isolated(
            partial(_compose, reader, at), 0, "Nobody could be told of %s", reader
        )
        for reader in _readers()
    )


def has_mail_to_send(*, at: datetime) -> bool:
    """Return whether a notification waits to be mailed, or a mail is due by the outbox."""
    return Notification.objects.to_mail().exists() or outbox.has_due_mail(at=at)


def _readers() -> list[Reader]:
    """Return users and members with waiting notifications, the oldest of these first."""
    waiting = Notification.objects.to_mail().values("user", "member")
    oldest = waiting.annotate(first=Min("pk")).order_by("first")
    users = User.objects.select_related("member").in_bulk(
        [row["user"] for row in oldest if row["user"]]
    )
    members = Member.objects.in_bulk([row["member"] for row in oldest if row["member"]])
    return [
        users[row["user"]] if row["user"] else members[row["member"]] for row in oldest
    ]


@transaction.atomic
def _compose(reader: Reader, at: datetime) -> int:
    """Store one mail for the reader if something is ready; return 1 or 0.

    First drop what they do not want mailed, or all if they are inactive or have no
    address. In quiet hours, and while the member is away, the rest waits.
    """
    user, member = _user_and_member(reader)
    reader_filter = {"user": user} if user else {"member": member}
    # Sorted here: ordered by the query, SQLite reads all they ever got.
    rows = Notification.objects.to_mail().filter(**reader_filter).select_for_update()
    waiting = sorted(rows, key=lambda notification: notification.pk)
    wishes = preferences_of(user, zone=member.time_zone if member else "")
    address = mail_address(user, member)
    unwanted = [
        notification
        for notification in waiting
        if not _is_wanted(notification, reader, address, wishes)
    ]
    _finish(unwanted, None)
    wanted = [notification for notification in waiting if notification not in unwanted]
    if wishes.are_quiet(at) or (member and is_away(member, at)):
        return 0
    at_once = [
        notification
        for notification in wanted
        if wishes.choices[NotificationKind(notification.kind)].by_mail == ByMail.AT_ONCE
    ]
    if not (ready := ready_now(wanted, at_once, wishes.last_digest(at))):
        return 0
    _finish(ready, _mail(ready, user, address, at))
    return 1


def _user_and_member(reader: Reader) -> tuple[User | None, Member | None]:
    """Return (user, member) of the reader: None for a missing login or member."""
    if isinstance(reader, Member):
        return None, reader
    return reader, getattr(reader, "member", None)


def _is_wanted(
    notification: Notification,
    reader: Reader,
    address: str,
    wishes: NotificationPreferences,
) -> bool:
    if not address or not reader.is_active:
        return False
    return wishes.choices[NotificationKind(notification.kind)].by_mail != ByMail.NO


def ready_now(
    wanted: Sequence[Notification], at_once: Sequence[Notification], digest: datetime
) -> list[Notification]:
    """Return all of `wanted` if one of the others is older than `digest`, the last
    digest time.

    Else those wanted at once, perhaps none.
    """
    for_digest = [
        notification for notification in wanted if notification not in at_once
    ]
    if any(notification.created_at < digest for notification in for_digest):
        return list(wanted)
    return list(at_once)


def is_away(member: Member, at: datetime) -> bool:
    """Return whether they are away, or back and not told yet of their leads.

    Away is by an agreed coverage at `at`; not told by an open notice of an own one.
    """
    if Coverage.objects.away_at(at).filter(member=member).exists():
        return True
    open_notices = CoverageNotice.objects.filter(
        member=member, closed_at=None, told_at=None
    )
    return open_notices.filter(coverage__member=member).exists()


def _finish(rows: Sequence[Notification], mail: Mail | None) -> None:
    ids = [row.pk for row in rows]
    Notification.objects.filter(pk__in=ids).update(mail_waits=False, mail=mail)


def _mail(
    rows: Sequence[Notification], user: User | None, address: str, at: datetime
) -> Mail:
    count = len(rows)
    subject = rows[0].subject if count == 1 else f"{count} messages from Handoff"
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")
    context = {
        "told": [(row, link_to(row)) for row in rows],
        "settings": urljoin(settings.SITE_URL, outbox.SETTINGS_PATH) if user else "",
    }
    problem = _address_problem(address)
    return Mail.objects.create(
        message_id=make_msgid(domain=host),
        user=user,
        address=address[:254],
        subject=subject[:200],
        text=render_to_string("mail/told.txt", context).strip() + "\n",
        html=render_to_string("mail/told.html", context),
        created_at=at,
        state=Mail.State.REFUSED if problem else Mail.State.WAITING,
        outcome=problem,
        finished_at=at if problem else None,
    )


def link_to(notification: Notification) -> str:
    """Return the full address of the page behind a notification.

    A user's goes through `/notifications/<id>/`, which marks it read.
    """
    path = (
        f"/notifications/{notification.pk}/"
        if notification.user_id
        else notification.path
    )
    return urljoin(settings.SITE_URL, path)


def _address_problem(address: str) -> str:
    """Return NO_ADDRESS if the address is not valid, else ""."""
    try:
        local, at_sign, domain = wire_address(address).rpartition("@")
        # With SMTPUTF8 there are letters of all scripts before the @.
        in_ascii = "".join("x" if letter.isalnum() else letter for letter in local)
        validate_email(in_ascii + at_sign + domain)
    except (ValidationError, ValueError):
        return outbox.NO_ADDRESS
    return ""
