"""Checks that what must never break has held, as the database has it.

The promises are those of docs/design/design.md, section 4. Reads only. Most promises
are kept by constraints as well; the audit says so about a database that somebody has
restored, edited or moved.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Model, OuterRef, Q, QuerySet, Subquery

from assignments.models import Account, Assignment, Hold, Lead, Note
from assignments.models.assignment import FINAL, PENDING, PERSONAL, Cause, State
from assignments.models.triggers import TABLE
from assignments.services import account as accounts
from assignments.services.coverage import invariants
from assignments.services.insights import invariants as answers

TRIGGER = "assignment_history_is_kept"
SHOWN = 5  # offenders named in a sentence


@dataclass(frozen=True, slots=True)
class InvariantCheck:
    """A promise, and the rows that break it."""

    promise: str
    broken_by: tuple[str, ...] = ()

    @property
    def is_kept(self) -> bool:
        return not self.broken_by

    def __str__(self) -> str:
        if self.is_kept:
            return self.promise
        more = len(self.broken_by) - SHOWN
        tail = f" and {more} more" if more > 0 else ""
        return f"{self.promise} Broken by {', '.join(self.broken_by[:SHOWN])}{tail}."


type Search = Callable[[datetime], Iterable[object]]


def check_invariants(*, at: datetime) -> Iterator[InvariantCheck]:
    """Yield a check for each promise of INVARIANTS, kept or broken, with the names of
    all that break it.
    """
    for promise, search in INVARIANTS.items():
        yield InvariantCheck(promise, tuple(_named(thing) for thing in search(at)))


def _named(thing: object) -> str:
    match thing:
        case Assignment() | Note() | Hold():
            return f"{type(thing).__name__.lower()} {thing.pk} of lead {thing.lead_id}"
        case Lead():
            return f"lead {thing.pk}"
    return str(thing)


# ── The ledger ──────────────────────────────────────────────────────────────────
def _crowded_leads(at: datetime) -> Iterator[str]:
    pending = Assignment.objects.filter(state__in=PENDING).values("lead", "state")
    crowded = pending.annotate(rows=Count("pk")).filter(rows__gt=1).order_by("lead")
    for found in crowded:
        yield f"{found['rows']} {found['state']} of lead {found['lead']}"


def _unclaimed(at: datetime) -> QuerySet[Assignment]:
    return Assignment.objects.sending().filter(Q(token="") | Q(lease_until=None))


def _claimed_and_final(at: datetime) -> Iterator[Model]:
    held = ~Q(token="") | Q(lease_until__isnull=False)
    yield from Assignment.objects.final().filter(held)
    yield from Note.objects.exclude(state__in=OPEN_NOTES).filter(held)


def _stray_followers(at: datetime) -> Iterator[Assignment]:
    waiting = Assignment.objects.waiting().select_related("after")
    yield from Assignment.objects.exclude(after=None).filter(
        ~Q(after__lead=F("lead")) | Q(after__gte=F("pk"))
    )
    for row in waiting.exclude(after=None):
        if row.after is not None and not _follows(row, row.after):
            yield row


def _follows(row: Assignment, before: Assignment) -> bool:
    """Return True if a waiting row expects the owner that the one before leaves behind:
    its target if sending or done, the owner that it expected itself if it ended
    otherwise.

    Always True while that one waits; False if it was overtaken.
    """
    match before.state:
        case State.SENDING | State.DONE:
            return row.expected_id == before.to_id
        case State.WAITING:
            return True  # put back, and claimed before the follower is
        case State.OVERTAKEN:
            return False
    return row.expected_id == before.expected_id


def _unexplained(at: datetime) -> QuerySet[Assignment]:
    nobody = Q(cause__in=PERSONAL, actor=None)
    unknown = ~Q(cause__in=[cause.value for cause in Cause])
    return Assignment.objects.filter(nobody | unknown | Q(reason=""))


def _endless(at: datetime) -> QuerySet[Assignment]:
    return Assignment.objects.filter(
        Q(state__in=FINAL, finished_at=None)
        | Q(state__in=PENDING, finished_at__isnull=False)
    )


def _waiting_for_gone_leads(at: datetime) -> QuerySet[Assignment]:
    return Assignment.objects.waiting().filter(lead__gone_at__isnull=False)


def _stuck(at: datetime) -> Iterator[Model]:
    """Yield assignments and notes in sending whose lease and settling time, and leads
    whose moment to be read again, passed more than LEASE + QUIET seconds ago. Yield
    none during an outage.
    """
    if accounts.current_account().outage_since is not None:
        return
    long_ago = at - timedelta(seconds=settings.LEASE + settings.QUIET)
    over = Q(lease_until__lt=long_ago) & (Q(settle_at=None) | Q(settle_at__lt=long_ago))
    yield from Assignment.objects.sending().filter(over)
    yield from Note.objects.filter(over, state=Note.State.SENDING)
    yield from Lead.objects.filter(recheck_at__lt=long_ago)


# ── Notes ───────────────────────────────────────────────────────────────────────
OPEN_NOTES = (Note.State.WAITING, Note.State.SENDING)
PERHAPS_THERE = (Note.State.SENDING, Note.State.DONE, Note.State.UNCONFIRMED)


def _doubled_notes(at: datetime) -> Iterator[str]:
    explaining = Note.objects.exclude(kind=Note.Kind.WRITTEN)
    kinds = explaining.values("assignment", "kind").annotate(count=Count("pk"))
    for found in kinds.filter(count__gt=1).order_by("assignment"):
        yield f"{found['count']} on assignment {found['assignment']}"
    references = Note.objects.values("reference").annotate(count=Count("pk"))
    for same in references.filter(count__gt=1).order_by("reference"):
        yield f"{same['count']} with reference {same['reference']}"


def _rootless_notes(at: datetime) -> QuerySet[Note]:
    sent = Note.objects.filter(state__in=PERHAPS_THERE)
    return sent.exclude(Q(assignment=None) | Q(assignment__state=State.DONE))


# ── Leads ───────────────────────────────────────────────────────────────────────
def _untold_owners(at: datetime) -> QuerySet[Lead]:
    untold = Q(owner__isnull=False, owner_known_at=None)
    return Lead.objects.filter(untold | Q(owner_sure_at__gt=F("owner_known_at")))


def _owners_apart(at: datetime) -> Iterator[str]:
    """Yield a line for each lead whose owner is the target neither of the done
    assignment that ended last nor of the newest one: two that end at the same moment
    may be seen in either order.
    """
    done = Assignment.objects.filter(lead=OuterRef("pk"), state=State.DONE)
    last = done.order_by("-finished_at", "-pk").values("to")[:1]
    newest = done.order_by("-pk").values("to")[:1]
    leads = Lead.objects.filter(assignments__state=State.DONE).distinct()
    pairs = leads.annotate(last=Subquery(last), newest=Subquery(newest))
    named = pairs.values_list("pk", "owner", "last", "newest").order_by("pk")
    for pk, owner, by_end, by_number in named.iterator():
        if owner not in {by_end, by_number}:
            yield f"lead {pk} ({owner or 'nobody'} instead of {by_end or 'nobody'})"


# ── The database ────────────────────────────────────────────────────────────────
def _foreign_account(at: datetime) -> Iterator[str]:
    account = Account.objects.filter(pk=1).first()
    if account is None:
        yield "no row for the account"
    elif problem := accounts.binding_problem(account):
        yield problem.split(". ")[0]
    elif not account.fingerprint and Assignment.objects.filter(sends__gt=0).exists():
        yield "changes that were sent while it belonged to none"


def _missing_guards(at: datetime) -> Iterator[str]:
    with connection.cursor() as cursor:
        for model in (Assignment, Note, Lead, Account):
            table = model._meta.db_table
            found = connection.introspection.get_constraints(cursor, table)
            names = {constraint.name for constraint in model._meta.constraints}
            yield from sorted(names - found.keys())
        cursor.execute(_TRIGGERS[connection.vendor], [TRIGGER, TABLE])
        if cursor.fetchone() is None:
            yield TRIGGER


_TRIGGERS = {
    "sqlite": (
        "SELECT 1 FROM sqlite_master "
        "WHERE type = 'trigger' AND name = %s AND tbl_name = %s"
    ),
    "postgresql": (
        "SELECT 1 FROM pg_trigger WHERE tgname = %s AND tgrelid = %s::regclass "
        "AND tgenabled <> 'D'"
    ),
}

INVARIANTS: dict[str, Search] = {
    "A lead has at most one waiting and one sending change.": _crowded_leads,
    "Every change that is being sent is claimed.": _unclaimed,
    "What is over is claimed by nobody.": _claimed_and_final,
    "A change decided on top of another expects what that one left.": _stray_followers,
    "Every change has its cause, its reason, and a person's its actor.": _unexplained,
    "A change has an end exactly if it is over.": _endless,
    "No change waits for a lead that is gone.": _waiting_for_gone_leads,
    "Nothing hangs longer than a lease and the time to settle it.": _stuck,
    "A change carries one note of a kind, each with its own reference.": _doubled_notes,
    "Notes are sent only for changes that were made.": _rootless_notes,
    "Every owner was told by Smartlead at a known moment.": _untold_owners,
    "Every lead is with whom its last change gave it to.": _owners_apart,
    **invariants.INVARIANTS,
    **answers.INVARIANTS,
    "The database belongs to the account of the settings.": _foreign_account,
    "The database keeps its own guard over all this.": _missing_guards,
}
