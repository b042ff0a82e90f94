"""Mails are made of what waits, at the moment when they may go out.

So a choice that somebody changed counts for what they have not been sent yet; what
waited together goes in one mail.
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
from assignments.models import Coverage, CoverageWord, Mail, Member, Notification, User
from assignments.models.notification import ByMail, Kind
from assignments.services.isolation import run_isolated
from assignments.services.notifications import outbox
from assignments.services.notifications.preferences import Wishes, address_of, wishes_of

type Reader = User | Member


def write_due(*, at: datetime) -> int:
    """A mail for everybody who has something to read and may be mailed; how many.

    None while the server is in trouble: what is told meanwhile goes in one mail.
    """
    if not smtp.is_on():
        # Set up later, the server must not begin with what is long known.
        return 0 * Notification.objects.to_mail().update(mail_waits=False)
    if not outbox.may_write(at=at):
        return 0
    return sum(
        run_isolated(
            partial(_write, reader, at), 0, "Nobody could be told of %s", reader
        )
        for reader in _readers()
    )


def something_waits(*, at: datetime) -> bool:
    return Notification.objects.to_mail().exists() or outbox.something_is_due(at=at)


def _readers() -> list[Reader]:
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
def _write(reader: Reader, at: datetime) -> int:
    """One mail, or none; whatever they do not want by e-mail is done with."""
    user, member = _both(reader)
    who = {"user": user} if user else {"member": member}
    # Sorted here: an order in the query leads SQLite through all that they ever read.
    rows = Notification.objects.to_mail().filter(**who).select_for_update()
    waiting = sorted(rows, key=lambda one: one.pk)
    wishes = wishes_of(user, zone=member.time_zone if member else "")
    address = address_of(user, member)
    unwanted = [one for one in waiting if not _is_wanted(one, reader, address, wishes)]
    _settle(unwanted, None)
    wanted = [one for one in waiting if one not in unwanted]
    if wishes.are_quiet(at) or (member and _is_away(member, at)):
        return 0
    if not (ready := _ready(wanted, wishes, at)):
        return 0
    _settle(ready, _mail(ready, user, address, at))
    return 1


def _both(reader: Reader) -> tuple[User | None, Member | None]:
    if isinstance(reader, Member):
        return None, reader
    return reader, getattr(reader, "member", None)


def _is_wanted(one: Notification, reader: Reader, address: str, wishes: Wishes) -> bool:
    if not address or not reader.is_active:
        return False
    return wishes.choices[Kind(one.kind)].by_mail != ByMail.NO


def _ready(
    wanted: Sequence[Notification], wishes: Wishes, at: datetime
) -> list[Notification]:
    """All that waits, once the digest is due; else what is wanted at once."""
    at_once = [
        one
        for one in wanted
        if wishes.choices[Kind(one.kind)].by_mail == ByMail.AT_ONCE
    ]
    digest = wishes.last_digest(at)
    for_digest = [one for one in wanted if one not in at_once]
    if any(one.created_at < digest for one in for_digest):
        return list(wanted)
    return at_once


def _is_away(member: Member, at: datetime) -> bool:
    """Away, or just back and not told yet what became of their leads."""
    if Coverage.objects.away_at(at).filter(member=member).exists():
        return True
    untold = CoverageWord.objects.filter(member=member, closed_at=None, told_at=None)
    return untold.filter(coverage__member=member).exists()


def _settle(rows: Sequence[Notification], mail: Mail | None) -> None:
    ids = [one.pk for one in rows]
    Notification.objects.filter(pk__in=ids).update(mail_waits=False, mail=mail)


def _mail(
    rows: Sequence[Notification], user: User | None, address: str, at: datetime
) -> Mail:
    count = len(rows)
    subject = rows[0].subject if count == 1 else f"{count} messages from Handoff"
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")
    context = {
        "told": [(one, _link(one)) for one in rows],
        "settings": urljoin(settings.SITE_URL, outbox.SETTINGS_PATH) if user else "",
    }
    wrong = _what_is_wrong(address)
    return Mail.objects.create(
        message_id=make_msgid(domain=host),
        user=user,
        address=address[:254],
        subject=subject[:200],
        text=render_to_string("mail/told.txt", context).strip() + "\n",
        html=render_to_string("mail/told.html", context),
        created_at=at,
        state=Mail.State.REFUSED if wrong else Mail.State.WAITING,
        outcome=wrong,
        finished_at=at if wrong else None,
    )


def _link(one: Notification) -> str:
    """Through the list, which marks it read; who has no login goes to the page itself."""
    path = f"/notifications/{one.pk}/" if one.user_id else one.path
    return urljoin(settings.SITE_URL, path)


def _what_is_wrong(address: str) -> str:
    """Return a sentence, or nothing if a mail server may know the address."""
    try:
        local, at, domain = wire_address(address).rpartition("@")
        # With SMTPUTF8 there are letters of all scripts before the @.
        in_ascii = "".join("x" if letter.isalnum() else letter for letter in local)
        validate_email(in_ascii + at + domain)
    except (ValidationError, ValueError):
        return outbox.NO_ADDRESS
    return ""
