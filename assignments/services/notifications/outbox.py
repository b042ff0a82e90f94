"""The way of a mail to the mail server: claimed, delivered, recorded.

Messages in chat are rows of the same table and go by `chat_outbox`, so that neither
holds up the other.

A claim is a random token and a lease, as for all that is sent. A mail that may have
arrived is sent again with the same Message-ID: rather twice than never.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Count, F, Min, Q, QuerySet

from assignments import smtp
from assignments.mail_encoding import wire_address
from assignments.models import Mail, MailServer, User
from assignments.models.mail import MailQuerySet
from assignments.services.access import require_manager
from assignments.services.errors import Stale
from assignments.services.notifications.preferences import mail_address
from assignments.services.notifications.secret_links import with_link
from assignments.smtp import (
    MailTrouble,
    Postman,
    RefusedForGood,
    ServerRefusal,
    TryLater,
)
from assignments.task_queue import nudge_mails

SETTINGS_PATH = "/notifications/settings/"
BACK_OFF = (1, 5, 15, 60)  # minutes; the last one again and again
GIVE_UP = timedelta(days=3)
MOST_ROWS = 50
NO_ADDRESS = "This is no address. Put it right under Team or Logins."
State = Mail.State
FOR_THE_LOGIN = (Mail.Purpose.INVITATION, Mail.Purpose.RESET)
NO_TROUBLE = {"trouble": "", "trouble_since": None, "failures": 0, "try_again_at": None}


@dataclass(frozen=True, slots=True)
class MailClaim:
    """A mail that this process may deliver while its lease lasts."""

    mail: Mail
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHealth:
    """The state of the mail server and of the mails, for the system page.

    `waiting`: mails not delivered yet. `returned`: the newest refused ones, of
    `returned_total`.
    """

    is_on: bool
    trouble: str
    trouble_since: datetime | None
    try_again_at: datetime | None
    waiting: int
    returned: Sequence[Mail]
    returned_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailCounts:
    """Mails not delivered yet, since when the oldest waits, and refused ones."""

    waiting: int
    oldest_at: datetime | None
    returned: int
    is_trouble: bool


def claim_next(*, at: datetime) -> MailClaim | None:
    """Claim a due mail for MAIL_LEASE seconds: fewest failures first, then lowest id.

    None if none is due, `can_deliver` is False, or others took the first eight.
    """
    if not can_deliver(at=at):
        return None
    return claim_first(_due(at), ("failures", "pk"), at=at)


def claim_first(
    due: QuerySet[Mail], order: Sequence[Any], *, at: datetime
) -> MailClaim | None:
    """Claim the first of these for MAIL_LEASE seconds; None if others took the first
    eight.
    """
    for mail in due.order_by(*order)[:8]:
        token = secrets.token_hex(16)
        lease = at + timedelta(seconds=settings.MAIL_LEASE)
        # Without joins: a claim must see what another process has just written.
        mine = due_messages(at).filter(pk=mail.pk)
        if mine.update(state=State.SENDING, token=token, lease_until=lease):
            return MailClaim(mail, token)
    return None


def has_due_mail(*, at: datetime) -> bool:
    """Return whether mail is on, `can_deliver`, and a mail is due."""
    return smtp.is_on() and can_deliver(at=at) and _due(at).exists()


def can_deliver(*, at: datetime) -> bool:
    """Return whether the server has no next try set (no trouble), or its time has come."""
    again = mail_server().try_again_at
    return again is None or again <= at


def can_compose(*, at: datetime) -> bool:
    """Return whether new mails may be composed.

    In trouble only if `can_deliver` and no mail is due that would show how the server
    is.
    """
    if mail_server().trouble_since is None:
        return True
    return can_deliver(at=at) and not _due(at).exists()


def mail_server() -> MailServer:
    """Return the row of the mail server; an unsaved one if there is none."""
    return MailServer.objects.filter(pk=1).first() or MailServer(pk=1)


def deliver_claimed(
    claim: MailClaim, *, postman: Postman, clock: Callable[[], datetime]
) -> bool:
    """Deliver one mail and record the result.

    Return False if the server is in trouble. Does nothing, and returns True, if the
    lease ends within MAIL_DEADLINE seconds. Trouble is recorded for MailTrouble and
    ServerRefusal. A mail refused for good, of no valid address, or to be tried later is
    none: it returns True and clears trouble.
    """
    deadline = timedelta(seconds=settings.MAIL_DEADLINE)
    if not claimed(claim).filter(lease_until__gt=clock() + deadline).exists():
        return True  # we slept too long: another process has it by now
    try:
        postman.deliver(_message(claim.mail))
    except MailTrouble as trouble:
        claimed(claim).update(state=State.WAITING, token="", lease_until=None)
        _record_trouble(str(trouble), clock())
        return False
    except RefusedForGood as refusal:
        settle(claim, State.REFUSED, str(refusal), clock())
    except ServerRefusal as reason:
        # The mail waits too: so the next one shows whether this one was the cause.
        retry_later(claim, str(reason), clock())
        _record_trouble(str(reason), clock())
        return False
    except TryLater as reason:
        retry_later(claim, str(reason), clock())
    except ValueError:
        settle(claim, State.REFUSED, NO_ADDRESS, clock())
    else:
        settle(claim, State.SENT, "", clock())
    MailServer.objects.filter(pk=1, trouble_since__isnull=False).update(**NO_TROUBLE)
    return True


def deliver_due_mails(
    *, postman: Postman, until: datetime, clock: Callable[[], datetime]
) -> int:
    """Deliver due mails until `until`, none is due, or the server is in trouble.

    Return the number handled, without the one that met trouble.
    """
    count = 0
    while clock() < until and (claim := claim_next(at=clock())):
        if not deliver_claimed(claim, postman=postman, clock=clock):
            break
        count += 1
    return count


def refused_mails() -> QuerySet[Mail]:
    """Return refused mails that nobody has dismissed, newest first."""
    return Mail.objects.returned().order_by("-pk")


def mail_counts() -> MailCounts:
    """Return the numbers of `mail_health`, without the mails."""
    pending = Mail.objects.by_mail().pending().order_by()
    waiting = pending.aggregate(count=Count("pk"), oldest_at=Min("created_at"))
    return MailCounts(
        waiting=waiting["count"],
        oldest_at=waiting["oldest_at"],
        returned=refused_mails().count(),
        is_trouble=bool(mail_server().trouble),
    )


def mail_health() -> MailHealth:
    """Return the state of mailing; `returned` holds at most 50 mails."""
    known = mail_server()
    counts = mail_counts()
    return MailHealth(
        is_on=smtp.is_on(),
        trouble=known.trouble,
        trouble_since=known.trouble_since,
        try_again_at=known.try_again_at,
        waiting=counts.waiting,
        returned=list(refused_mails().defer("text", "html")[:MOST_ROWS]),
        returned_total=counts.returned,
    )


@transaction.atomic
def resend(*, actor: User, mail: Mail) -> None:
    """Let a refused mail wait again as if new, to the reader's present address.

    Has mails sent. Raises NotAllowed unless `actor` is a manager, Stale if it is not
    refused any more or dismissed.
    """
    require_manager(actor, "send a mail again")
    refused = Mail.objects.returned().filter(pk=mail.pk)
    if not refused.update(
        state=State.WAITING,
        address=_address_now(mail),
        outcome="",
        finished_at=None,
        not_before=None,
        failures=0,
        first_failed_at=None,
    ):
        raise Stale("Somebody has seen to this mail already.")
    nudge_mails()


def _address_now(mail: Mail) -> str:
    """Return the present address of the reader of the mail's first notification.

    Of an invitation or a new password it is that of the user. It is the mail's own if
    there is no notification or no address.
    """
    if mail.purpose in FOR_THE_LOGIN and mail.user is not None:
        return mail.user.email or mail.address
    notification = mail.notifications.select_related("user__member", "member").first()
    if notification is None:
        return mail.address
    member = notification.member or getattr(notification.user, "member", None)
    return mail_address(notification.user, member)[:254] or mail.address


def dismiss_refused(*, actor: User, mail: Mail, at: datetime) -> None:
    """Store `at` as `dismissed_at` of a refused mail, so that it leaves the list.

    Raises NotAllowed unless `actor` is a manager, Stale if it is not refused any more
    or dismissed.
    """
    require_manager(actor, "put a refused mail away")
    if not Mail.objects.returned().filter(pk=mail.pk).update(dismissed_at=at):
        raise Stale("Somebody has seen to this mail already.")


def _due(at: datetime) -> QuerySet[Mail]:
    return due_messages(at).by_mail()


def due_messages(at: datetime) -> MailQuerySet:
    """Return mails and messages in chat whose time has come and that wait, or whose
    lease ran out.

    The time of one without `not_before` has come.
    """
    waiting = Q(state=State.WAITING) & (Q(not_before=None) | Q(not_before__lte=at))
    expired = Q(state=State.SENDING, lease_until__lte=at)
    return Mail.objects.pending().filter(waiting | expired)


def claimed(claim: MailClaim) -> QuerySet[Mail]:
    """Return the claimed mail or message as a query, empty once the claim is lost."""
    return Mail.objects.filter(pk=claim.mail.pk, state=State.SENDING, token=claim.token)


def _message(mail: Mail) -> EmailMultiAlternatives:
    headers = {
        "Message-ID": mail.message_id,
        "Date": format_datetime(mail.created_at),
        "Auto-Submitted": "auto-generated",
    }
    if mail.user_id and not mail.purpose:
        headers["List-Unsubscribe"] = f"<{urljoin(settings.SITE_URL, SETTINGS_PATH)}>"
    message = EmailMultiAlternatives(
        mail.subject,
        with_link(mail.text, mail),
        to=[wire_address(mail.address)],
        headers=headers,
    )
    message.attach_alternative(with_link(mail.html, mail), "text/html")
    return message


def settle(claim: MailClaim, state: Mail.State, outcome: str, at: datetime) -> None:
    claimed(claim).update(
        state=state,
        outcome=outcome[:500],
        finished_at=at,
        token="",
        lease_until=None,
    )


def retry_later(
    claim: MailClaim, reason: str, at: datetime, *, wait: timedelta | None = None
) -> None:
    """Let the mail or message wait, and count a failure: for `wait`, else for 1, 5, 15,
    then always 60 minutes.

    Refuse it instead if its first failure is three days ago or more.
    """
    mail = claim.mail
    since = mail.first_failed_at or at
    if at - since >= GIVE_UP:
        return settle(claim, State.REFUSED, f"Tried for three days. {reason}", at)
    wait = wait or back_off(mail.failures)
    claimed(claim).update(
        state=State.WAITING,
        token="",
        lease_until=None,
        outcome=reason[:500],
        failures=F("failures") + 1,
        first_failed_at=since,
        not_before=at + wait,
    )
    return None


def back_off(failures: int) -> timedelta:
    """Return how long to wait after so many failures before."""
    return timedelta(minutes=BACK_OFF[min(failures, len(BACK_OFF) - 1)])


def _record_trouble(sentence: str, at: datetime) -> None:
    """Record trouble of the server and one failure more; no mail is changed.

    The next try is 1, 5, then always 15 minutes later.
    """
    row, _ = MailServer.objects.get_or_create(pk=1)
    minutes = BACK_OFF[min(row.failures, 2)]
    row.trouble = sentence[:500]
    row.trouble_since = row.trouble_since or at
    row.failures += 1
    row.try_again_at = at + timedelta(minutes=minutes)
    row.save()
