"""A mail's way to the mail server: claimed, handed over, recorded.

The claim is a random token and a lease, as for everything that is sent. A mail that may
have arrived is sent again with the same id: rather twice than lost.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urljoin

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F, Q, QuerySet

from assignments import smtp
from assignments.mail_encoding import wire_address
from assignments.models import Mail, MailServer, User
from assignments.services.access import require_manager
from assignments.services.errors import Stale
from assignments.services.notifications.preferences import address_of
from assignments.smtp import MailTrouble, Postman, Returned, ServerRefusal, TryLater
from assignments.task_queue import nudge_mails

SETTINGS_PATH = "/notifications/settings/"
BACK_OFF = (1, 5, 15, 60)  # minutes; the last one again and again
GIVE_UP = timedelta(days=3)
MOST_ROWS = 50
NO_ADDRESS = "This is no address. Put it right under Team or Users."
State = Mail.State
IN_ORDER = {"trouble": "", "trouble_since": None, "failures": 0, "try_again_at": None}


@dataclass(frozen=True, slots=True)
class Claim:
    mail: Mail
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHealth:
    is_on: bool
    trouble: str
    trouble_since: datetime | None
    try_again_at: datetime | None
    waiting: int
    returned: Sequence[Mail]
    returned_total: int


def claim_next(*, at: datetime) -> Claim | None:
    """The mail that was refused least and waits longest; none while there is trouble."""
    if not may_try(at=at):
        return None
    for mail in _due(at).order_by("failures", "pk")[:8]:
        token = secrets.token_hex(16)
        lease = at + timedelta(seconds=settings.MAIL_LEASE)
        mine = _due(at).filter(pk=mail.pk)
        if mine.update(state=State.SENDING, token=token, lease_until=lease):
            return Claim(mail, token)
    return None


def something_is_due(*, at: datetime) -> bool:
    return smtp.is_on() and may_try(at=at) and _due(at).exists()


def may_try(*, at: datetime) -> bool:
    again = server().try_again_at
    return again is None or again <= at


def may_write(*, at: datetime) -> bool:
    """In trouble only if no mail is there to try the server with: the rest waits."""
    if server().trouble_since is None:
        return True
    return may_try(at=at) and not _due(at).exists()


def server() -> MailServer:
    return MailServer.objects.filter(pk=1).first() or MailServer(pk=1)


def send(claim: Claim, *, postman: Postman, clock: Callable[[], datetime]) -> bool:
    """Hand one mail over and record what became of it; False when the server is ill."""
    deadline = timedelta(seconds=settings.MAIL_DEADLINE)
    if not _mine(claim).filter(lease_until__gt=clock() + deadline).exists():
        return True  # we have slept too long: by now it is somebody else's
    try:
        postman.deliver(_message(claim.mail))
    except MailTrouble as trouble:
        _mine(claim).update(state=State.WAITING, token="", lease_until=None)
        _note_trouble(str(trouble), clock())
        return False
    except Returned as refusal:
        _finish(claim, State.REFUSED, str(refusal), clock())
    except ServerRefusal as reason:
        # The mail waits on its own too, so that the next one shows whether it was this one.
        _later(claim, str(reason), clock())
        _note_trouble(str(reason), clock())
        return False
    except TryLater as reason:
        _later(claim, str(reason), clock())
    except ValueError:
        _finish(claim, State.REFUSED, NO_ADDRESS, clock())
    else:
        _finish(claim, State.SENT, "", clock())
    MailServer.objects.filter(pk=1, trouble_since__isnull=False).update(**IN_ORDER)
    return True


def send_all(
    *, postman: Postman, until: datetime, clock: Callable[[], datetime]
) -> int:
    """One after the other until nothing is due, or it is time; how many were sent."""
    count = 0
    while clock() < until and (claim := claim_next(at=clock())):
        if not send(claim, postman=postman, clock=clock):
            break
        count += 1
    return count


def returned() -> QuerySet[Mail]:
    """What the mail server refused and nobody has looked after, newest first."""
    return Mail.objects.returned().order_by("-pk")


def mail_health() -> MailHealth:
    known = server()
    refused = returned()
    return MailHealth(
        is_on=smtp.is_on(),
        trouble=known.trouble,
        trouble_since=known.trouble_since,
        try_again_at=known.try_again_at,
        waiting=Mail.objects.pending().count(),
        returned=list(refused.defer("text", "html")[:MOST_ROWS]),
        returned_total=refused.count(),
    )


@transaction.atomic
def send_again(*, actor: User, mail: Mail) -> None:
    """To the address as it is now: it was put right, or the mailbox emptied."""
    require_manager(actor, "send a mail again")
    hit = Mail.objects.returned().filter(pk=mail.pk)
    if not hit.update(
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
    told = mail.notifications.select_related("user__member", "member").first()
    if told is None:
        return mail.address
    member = told.member or getattr(told.user, "member", None)
    return address_of(told.user, member)[:254] or mail.address


def dismiss(*, actor: User, mail: Mail, at: datetime) -> None:
    require_manager(actor, "put a refused mail away")
    if not Mail.objects.returned().filter(pk=mail.pk).update(dismissed_at=at):
        raise Stale("Somebody has seen to this mail already.")


def _due(at: datetime) -> QuerySet[Mail]:
    waiting = Q(state=State.WAITING) & (Q(not_before=None) | Q(not_before__lte=at))
    lost = Q(state=State.SENDING, lease_until__lte=at)
    return Mail.objects.pending().filter(waiting | lost)


def _mine(claim: Claim) -> QuerySet[Mail]:
    return Mail.objects.filter(pk=claim.mail.pk, state=State.SENDING, token=claim.token)


def _message(mail: Mail) -> EmailMultiAlternatives:
    headers = {
        "Message-ID": mail.message_id,
        "Date": format_datetime(mail.created_at),
        "Auto-Submitted": "auto-generated",
    }
    if mail.user_id:
        headers["List-Unsubscribe"] = f"<{urljoin(settings.SITE_URL, SETTINGS_PATH)}>"
    message = EmailMultiAlternatives(
        mail.subject, mail.text, to=[wire_address(mail.address)], headers=headers
    )
    message.attach_alternative(mail.html, "text/html")
    return message


def _finish(claim: Claim, state: Mail.State, outcome: str, at: datetime) -> None:
    _mine(claim).update(
        state=state,
        outcome=outcome[:500],
        finished_at=at,
        token="",
        lease_until=None,
    )


def _later(claim: Claim, reason: str, at: datetime) -> None:
    """Tried again after 1, 5, 15 and then every 60 minutes, for three days."""
    mail = claim.mail
    since = mail.first_failed_at or at
    if at - since >= GIVE_UP:
        return _finish(claim, State.REFUSED, f"Tried for three days. {reason}", at)
    minutes = BACK_OFF[min(mail.failures, len(BACK_OFF) - 1)]
    _mine(claim).update(
        state=State.WAITING,
        token="",
        lease_until=None,
        outcome=reason[:500],
        failures=F("failures") + 1,
        first_failed_at=since,
        not_before=at + timedelta(minutes=minutes),
    )
    return None


def _note_trouble(sentence: str, at: datetime) -> None:
    """It is the server's, and no mail's: nothing is counted against the mails."""
    row, _ = MailServer.objects.get_or_create(pk=1)
    minutes = BACK_OFF[min(row.failures, 2)]
    row.trouble, row.trouble_since = sentence[:500], row.trouble_since or at
    row.failures += 1
    row.try_again_at = at + timedelta(minutes=minutes)
    row.save()
