"""The state of the parts of Handoff, for the system page and the banner of every page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import Sum

from assignments import smtp
from assignments.models import (
    Account,
    Assignment,
    Heartbeat,
    Lead,
    SyncSource,
    UnreadableRow,
)
from assignments.models.assignment import Cause, State
from assignments.services import account as accounts
from assignments.services.mirror.sync_sources import INBOX
from assignments.services.notifications import outbox
from assignments.services.notifications.chat_outbox import (
    ChatHealth,
    chat_health,
    failing_channels,
)
from assignments.services.notifications.outbox import MailHealth, mail_health
from assignments.services.operations.host_parts import (
    PartState,
    part_states,
    running_versions,
)
from assignments.services.operations.queue_counts import QueueCounts, queue_counts
from assignments.services.operations.smartlead_state import (
    SmartleadState,
    smartlead_state,
)
from assignments.services.outgoing_webhooks.status import (
    OutgoingHealth,
    outgoing_health,
    stopped_endpoints,
)
from assignments.smartlead.budget import BudgetSnapshot, account_budget
from assignments.version import VERSION

WORKER = "worker"
STOPPED = "stopped"  # the heartbeat that `serve` leaves when it is told to stop
TOO_LONG = timedelta(days=1)
MANY_FAILURES = 3  # of one change, until every page says that it does not go out
MOST_ROWS = 50
UNREAD_PASSES = 4  # that the head pass may miss before every page says so


class TroubleRemedy(StrEnum):
    """The act that ends a trouble, or the place that tells more about it."""

    RESUME = "resume"
    RESUME_BULK = "resume_bulk"
    PAUSE = "pause"
    LOOK = "look"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A sentence for every page; `ask` is for those who may not end it themselves."""

    sentence: str
    remedy: TroubleRemedy = TroubleRemedy.LOOK
    ask: str = ""
    is_severe: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorDrift:
    outside: int
    rechecks: int
    unknown_owners: int
    present: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemOverview:
    account: Account
    smartlead: SmartleadState
    binding_problem: str | None
    sources: Sequence[SyncSource]
    proof: SyncSource | None
    unreadable: Sequence[UnreadableRow]
    unreadable_total: int
    heartbeats: Sequence[Heartbeat]
    worker_is_silent: bool
    budget: BudgetSnapshot
    queue: QueueCounts
    drift: MirrorDrift
    mail: MailHealth
    chat: ChatHealth
    outgoing: OutgoingHealth
    hosts: Sequence[PartState]
    version: str = VERSION

    @property
    def failing(self) -> list[SyncSource]:
        return [source for source in self.sources if source.error]

    @property
    def versions(self) -> list[str]:
        return running_versions(self.hosts)

    @property
    def remarks(self) -> int:
        """Return the number of lines that ask for a look: each failing source, and one
        each for trouble with Smartlead, a silent worker, paused writes, a paused or
        slowed budget, changes outside Handoff, trouble or returned mails, chat channels
        in trouble, outgoing webhooks that fail, a mixture of versions, and each part of
        a host that is silent or has a wrong clock.
        """
        account = self.account
        troubles = (
            self.smartlead.is_trouble,
            self.worker_is_silent,
            account.paused_at or account.bulk_paused_at,
            self.budget.paused_until or self.budget.slowed_until,
            self.drift.outside,
            self.mail.trouble or self.mail.returned_total,
            self.chat.failing_total,
            self.outgoing.is_trouble,
            len(self.versions) > 1,
        )
        parts = sum(part.needs_a_look for part in self.hosts)
        return len(self.failing) + parts + sum(map(bool, troubles))


def system_overview(*, at: datetime) -> SystemOverview:
    account = accounts.current_account()
    sources = list(SyncSource.objects.all())
    beats = list(Heartbeat.objects.order_by("name"))
    count = UnreadableRow.objects.aggregate(total=Sum("count"))["total"] or 0
    silent = is_silent(beats, at)
    return SystemOverview(
        account=account,
        smartlead=smartlead_state(account, sources=sources, worker_is_silent=silent),
        binding_problem=accounts.binding_problem(account),
        sources=sources,
        proof=next((s for s in sources if s.proof != SyncSource.Proof.UNPROVEN), None),
        unreadable=list(UnreadableRow.objects.all()[:MOST_ROWS]),
        unreadable_total=count,
        heartbeats=beats,
        worker_is_silent=silent,
        budget=account_budget().snapshot(),
        queue=queue_counts(),
        drift=mirror_drift(at=at),
        mail=mail_health(),
        chat=chat_health(),
        outgoing=outgoing_health(),
        hosts=part_states(at=at),
    )


def mirror_drift(*, at: datetime) -> MirrorDrift:
    """Return four counts: `outside`, changes made in Smartlead itself within the day
    before `at`; and present leads with a recheck asked for, with an unknown owner,
    and in all.
    """
    outside = Assignment.objects.filter(cause=Cause.OUTSIDE)
    present = Lead.objects.present()
    return MirrorDrift(
        outside=outside.filter(created_at__gt=at - timedelta(days=1)).count(),
        rechecks=present.filter(recheck_at__isnull=False).count(),
        unknown_owners=present.filter(owner_known_at=None).count(),
        present=present.count(),
    )


def troubles(*, at: datetime) -> list[Trouble]:
    """Return the troubles for every page, in this order; empty if all is well.

    Wrong account; outage, or else changes that Smartlead refuses, or else an unread
    inbox; paused writes; paused bulk assignments; silent worker; old decisions.
    """
    account = accounts.current_account()
    found = [
        _mismatch(account),
        _outage(account) or _turned_away(account) or _unread(at),
        _paused(account),
        _bulk_paused(account),
        _silent_worker(at),
        _stale_decisions(account, at),
    ]
    return [trouble for trouble in found if trouble]


def mail_troubles() -> list[Trouble]:
    """Return trouble of the mail server and refused mails, for sales managers; empty if
    mail is off.
    """
    if not smtp.is_on():
        return []
    found, server = [], outbox.mail_server()
    if server.trouble:
        kept = "What is told is kept, and goes out once it answers."
        trouble = Trouble(
            sentence=f"{server.trouble} {kept}", since=server.trouble_since
        )
        found.append(trouble)
    if count := outbox.refused_mails().count():
        sentence = "1 mail was refused" if count == 1 else f"{count} mails were refused"
        found.append(Trouble(sentence=f"{sentence} by the mail server."))
    return found


def chat_troubles() -> list[Trouble]:
    """Return how many chat channels of teams do not work, for sales managers.

    Whose own channel does not work sees it where they chose it.
    """
    failing = failing_channels().filter(team__isnull=False)
    if not (count := failing.count()):
        return []
    words = "1 team channel does" if count == 1 else f"{count} team channels do"
    return [Trouble(sentence=f"{words} not take our messages.")]


def outgoing_troubles() -> list[Trouble]:
    """Return how many endpoints Handoff has disabled by itself, for sales managers."""
    if not (count := stopped_endpoints().count()):
        return []
    words = "1 endpoint" if count == 1 else f"{count} endpoints"
    return [Trouble(sentence=f"Handoff has disabled {words} of outgoing webhooks.")]


def worker_is_silent(*, at: datetime) -> bool:
    return is_silent(list(Heartbeat.objects.filter(name=WORKER)), at)


def is_silent(beats: Sequence[Heartbeat], at: datetime) -> bool:
    """Return whether none of these heartbeats is a worker's of late."""
    stale = at - timedelta(seconds=settings.HEARTBEAT_STALE)
    return not any(beat.name == WORKER and beat.beat_at > stale for beat in beats)


def _waiting() -> str:
    count = Assignment.objects.pending().count()
    if not count:
        return "No change is waiting."
    return f"{count} {'change waits' if count == 1 else 'changes wait'} here."


def _mismatch(account: Account) -> Trouble | None:
    problem = accounts.binding_problem(account)
    return Trouble(sentence=problem, is_severe=True) if problem else None


def _outage(account: Account) -> Trouble | None:
    if not accounts.is_outage_confirmed(account):
        return None
    return Trouble(
        sentence=(
            f"{account.outage_sentence} {_waiting()} They go out by themselves once "
            "Smartlead takes our calls again. What you see is as it was then."
        ),
        since=account.outage_since,
    )


def _turned_away(account: Account) -> Trouble | None:
    """Return the trouble of pending changes that have failed at least MANY_FAILURES
    times; None without any.
    """
    failing = Assignment.objects.pending().filter(failures__gte=MANY_FAILURES)
    newest = failing.order_by("-pk").first()
    if newest is None:
        return None
    count = failing.count()
    noun = "change does" if count == 1 else "changes do"
    state = smartlead_state(
        account, sources=SyncSource.objects.exclude(error=""), worker_is_silent=False
    )
    although = ", though Smartlead answers" if state == SmartleadState.ANSWERS else ""
    return Trouble(
        sentence=(
            f"{count} {noun} not go out{although}. {newest.outcome} "
            "Nothing is lost: Handoff tries again and again."
        ),
        since=newest.first_failed_at,
    )


def _unread(at: datetime) -> Trouble | None:
    """Return the trouble of an inbox whose last read failed and whose head pass has not
    been complete for UNREAD_PASSES times HEAD_EVERY seconds; else None.
    """
    inbox = SyncSource.objects.filter(name=INBOX).exclude(error="").first()
    if inbox is None:
        return None
    patience = UNREAD_PASSES * timedelta(seconds=settings.HEAD_EVERY)
    if inbox.completed_at and inbox.completed_at > at - patience:
        return None
    return Trouble(
        sentence=f"The inbox cannot be read. {inbox.error} What you see may be old.",
        since=inbox.completed_at,
    )


def _paused(account: Account) -> Trouble | None:
    if account.paused_at is None:
        return None
    who = f" by {account.paused_by}" if account.paused_by else ""
    why = account.pause_reason and f": {account.pause_reason.rstrip('.')}"
    return Trouble(
        sentence=f"All writes to Smartlead are paused{who}{why}. {_waiting()}",
        remedy=TroubleRemedy.RESUME,
        ask="A sales manager resumes them.",
        since=account.paused_at,
    )


def _bulk_paused(account: Account) -> Trouble | None:
    if account.bulk_paused_at is None:
        return None
    return Trouble(
        sentence=(
            f"Bulk assignments are paused: {account.bulk_pause_reason.rstrip('.')}."
        ),
        remedy=TroubleRemedy.RESUME_BULK,
        ask="A sales manager looks at the refusals and resumes them.",
        since=account.bulk_paused_at,
        is_severe=True,
    )


def _silent_worker(at: datetime) -> Trouble | None:
    beat = Heartbeat.objects.filter(name=WORKER).first()
    if not is_silent([beat] if beat else [], at):
        return None
    silence = "has been silent" if beat else "has not been seen yet"
    return Trouble(
        sentence=(
            f"The worker {silence}. You can go on; what you change is saved but not "
            f"sent. {_waiting()} Start it with manage.py serve."
        ),
        since=beat.beat_at if beat else None,
        is_severe=True,
    )


def _stale_decisions(account: Account, at: datetime) -> Trouble | None:
    """Return the trouble of changes that have waited for more than a day; None without
    any, or while writes are paused.

    See docs/design/design.md, rule 11.
    """
    if account.paused_at:
        return None
    pending = Assignment.objects.pending()
    waiting = pending.filter(state=State.WAITING, created_at__lt=at - TOO_LONG)
    if not (count := waiting.count()):
        return None
    noun = "decision has" if count == 1 else "decisions have"
    return Trouble(
        sentence=(
            f"{count} {noun} waited for more than a day and may no longer be meant."
        ),
        remedy=TroubleRemedy.PAUSE,
        ask="Tell a sales manager, who can pause all writes and look first.",
    )
