"""Reasons why leads of a plan are left alone by now, although its preview moved them.

The same rules tell a person of changes before a plan is confirmed, and skip leads when
it is written.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import NamedTuple

from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Value, When

from assignments.models import (
    Assignment,
    Batch,
    Coverage,
    Hold,
    Lead,
    Member,
    SavedPlan,
)
from assignments.models.assignment import COVERAGE_CAUSES, PERSONAL, Cause, State
from assignments.models.plan import UNKNOWN, PlanEntry
from assignments.services import access
from assignments.services.absences import absences_at
from assignments.services.bulk import capacity
from assignments.services.bulk.allocation import (
    GONE,
    away_until,
    is_personal_decision,
    is_set,
    may_move,
)
from assignments.services.errors import AssignmentRefused
from assignments.services.ledger.new_row import (
    NOTHING_PENDING,
    PendingRows,
    pending_rows,
)

LIVE_FOR = timedelta(days=7)


class Movability(models.TextChoices):
    """The reason why a rebalance leaves a lead where it is, or that it may move."""

    ON_THE_WAY = "on_the_way", "on the way already"
    HELD = "held", "held in a coverage"
    LIVE = "live", "in a live conversation"
    MOVABLE = "movable", "may move"


def movability(at: datetime, *, with_live: bool) -> Case:
    """Return an SQL expression for the Movability of an open lead: the first that fits.

    ON_THE_WAY: a row is pending. HELD: a hold stands. LIVE, unless `with_live`: we owe
    an answer, or a mail went either way within LIVE_FOR. Else MOVABLE.
    """
    pending = Assignment.objects.pending().filter(lead=OuterRef("pk"))
    held = Hold.objects.standing().filter(lead=OuterRef("pk"))
    kinds = [
        When(Exists(pending), then=Value(Movability.ON_THE_WAY.value)),
        When(Exists(held), then=Value(Movability.HELD.value)),
    ]
    if not with_live:
        kinds.append(When(_is_live(at), then=Value(Movability.LIVE.value)))
    movable = Value(Movability.MOVABLE.value)
    return Case(*kinds, default=movable, output_field=models.CharField())


def _is_live(at: datetime) -> Q:
    since = at - LIVE_FOR
    return Q(answer_owed=True) | Q(reply_order__gte=since) | Q(sent_order__gte=since)


# What is said of a lead that might still move when the preview was made.
UNMOVABLE_SINCE_PREVIEW = {
    Movability.ON_THE_WAY: "Since the preview, it is on the way to somebody else.",
    Movability.HELD: "Since the preview, it is held in a coverage.",
    Movability.LIVE: "Since the preview, a mail came or went: the conversation is live.",
}


def newly_unmovable(
    plan: SavedPlan, leads: Collection[int], *, at: datetime
) -> dict[int, str]:
    """Return a sentence for each lead that a rebalance should not move any more.

    By lead id; movable leads are left out. Empty for plans of another cause.
    """
    if plan.cause != Cause.REBALANCE:
        return {}
    kind = movability(at, with_live=bool(plan.wish.get("with_live")))
    leads_with_kind = Lead.objects.filter(pk__in=leads).annotate(kind=kind).order_by()
    rows = leads_with_kind.exclude(kind=Movability.MOVABLE).values_list("pk", "kind")
    return {pk: UNMOVABLE_SINCE_PREVIEW[Movability(kind)] for pk, kind in rows}


class LeadState(NamedTuple):
    """The state of a lead as far as a plan cares."""

    lead_id: int
    owner_id: int | None
    owner_is_known: bool
    is_gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanState:
    """Rows that the checks of a plan look at, loaded for some of its leads."""

    plan: SavedPlan
    members: dict[int, Member]
    away: dict[int, Coverage]
    pending: dict[int, PendingRows]
    # Leads about which a person decided after this plan was confirmed, or after the
    # batch whose refused rows it tries again: the decision.
    later: dict[int, Assignment]
    movable: frozenset[int | None] | None
    choosable: frozenset[int]
    # What a levelling leaves alone: live conversations, held leads.
    stays: dict[int, str]
    at: datetime

    @property
    def confirmed_at(self) -> datetime:
        assert self.plan.confirmed_at is not None  # noqa: S101  only then it is written
        return self.plan.confirmed_at

    def absence(self, member_id: int) -> Coverage | None:
        """Return the member's absence now, or None; None too if the preview showed it."""
        known: list[int] = self.plan.summary.get("away", [])
        return None if member_id in known else self.away.get(member_id)

    def newest(self, lead_id: int) -> Assignment | None:
        """Return the lead's waiting row, or else the one being sent, or else None."""
        return self.pending.get(lead_id, NOTHING_PENDING).newest


def load_plan_state(
    plan: SavedPlan, leads: Collection[int], *, at: datetime
) -> PlanState:
    """Return what `skip_reason` looks at for these leads (ids), in a few queries."""
    return PlanState(
        plan=plan,
        members={member.pk: member for member in Member.objects.all()},
        away=absences_at(at),
        pending=pending_rows(leads),
        later=_later_decisions(plan, leads),
        movable=access.movable_owner_ids(plan.actor),
        choosable=frozenset(
            access.choosable_members(plan.actor).values_list("pk", flat=True)
        ),
        stays=newly_unmovable(plan, leads, at=at),
        at=at,
    )


def _later_decisions(plan: SavedPlan, leads: Collection[int]) -> dict[int, Assignment]:
    """Return, by lead id, a person's newest decision since this plan was confirmed.

    Cancelled rows and skipped ones of a batch do not count. For a plan that tries
    refused rows again: since the batch of those rows. Empty for a preview.
    """
    if plan.confirmed_at is None:
        return {}
    since = plan.confirmed_at
    if (retried := plan.wish.get("retry")) is not None:
        since = Batch.objects.values_list("created_at", flat=True).get(pk=retried)
    by_a_person = Q(cause__in=PERSONAL) | Q(cause__in=COVERAGE_CAUSES, batch=None)
    rows = Assignment.objects.filter(
        by_a_person, lead__in=leads, created_at__gt=since
    ).exclude(Q(state=State.CANCELLED) | Q(state=State.SKIPPED, batch__isnull=False))
    rows = rows.select_related("actor", "to").order_by("pk")
    return {row.lead_id: row for row in rows}


def skip_reason(plan_state: PlanState, entry: PlanEntry, lead: LeadState) -> str:
    """Return a sentence why the lead of an entry is left alone now; "" if it may move.

    The first of: the plan itself says so; lead gone; member deactivated, not in the
    actor's team, or away unlike in the preview; another decision came first; not the
    actor's to move; owner changed since the preview; not movable any more (rebalance).
    """
    if entry.to_id is None:
        return entry.reason
    to = plan_state.members[entry.to_id]
    if lead.is_gone:
        return GONE
    if not to.is_active:
        return f"{to} has been deactivated since the preview."
    if to.pk not in plan_state.choosable:
        return f"{to} is no longer in a team of {plan_state.plan.actor}."
    if coverage := plan_state.absence(to.pk):
        return f"{to} is {away_until(coverage)}, since the preview."
    if decided := _decided_since(plan_state, entry, lead):
        return decided
    if not may_move(plan_state.movable, lead.owner_id, is_known=lead.owner_is_known):
        owner = plan_state.members.get(lead.owner_id or 0)
        return access.not_yours(owner, is_known=lead.owner_is_known)
    return _moved_since(entry, lead, plan_state) or plan_state.stays.get(
        lead.lead_id, ""
    )


def _decided_since(plan_state: PlanState, entry: PlanEntry, lead: LeadState) -> str:
    """Return a sentence on another decision that came first; "" if none did.

    That is a person's later row; a pending row to the same member, unless it is a
    rule's that waits; or a person's pending row to another, unless the entry undoes
    that.
    """
    if later := plan_state.later.get(lead.lead_id):
        return f"{later.actor} decided later: it goes to {later.to}."
    newest = plan_state.newest(lead.lead_id)
    if newest is None:
        return ""
    to = plan_state.members[newest.to_id or 0]
    decided = is_personal_decision(newest.cause, newest.batch_id, newest.urgency)
    if newest.to_id == entry.to_id and (decided or not _may_lapse(newest)):
        return f"It is already on its way to {to}."
    if newest.to_id != entry.to_id and decided and newest.pk != entry.reverses_id:
        return f"Another decision came first: it is on its way to {to}."
    return ""


def _may_lapse(row: Assignment) -> bool:
    """Return whether this is a rule's waiting row, which gives way to any decision."""
    return row.cause == Cause.ROUTING and row.state == State.WAITING


def _moved_since(entry: PlanEntry, lead: LeadState, plan_state: PlanState) -> str:
    """Return a sentence if the owner is not the one that the preview showed, else "".

    Also "" while the row that the entry undoes is pending.
    """
    now_with = lead.owner_id if lead.owner_is_known else UNKNOWN
    pending = plan_state.pending.get(lead.lead_id, NOTHING_PENDING)
    is_being_sent = any(
        row.pk == entry.reverses_id for row in (pending.waiting, pending.sending) if row
    )
    if now_with == entry.shown_id or is_being_sent:
        return ""
    holder = plan_state.members[now_with] if now_with else "nobody"
    if now_with == UNKNOWN:
        return "Smartlead no longer says who has it."
    return f"It has moved since the preview: it is with {holder} now."


AT_ONCE = 10_000  # leads in one query; SQLite takes some thirty thousand parameters


@dataclass(frozen=True, slots=True)
class PlanChanges:
    """Leads that the preview moved and that would be skipped now: the reason by lead."""

    why: dict[int, str]

    @property
    def count(self) -> int:
        return len(self.why)

    @property
    def stamp(self) -> str:
        """Return 20 hex digits that stand for these leads and reasons; "" for none."""
        if not self.why:
            return ""
        lines = "\n".join(f"{pk} {why}" for pk, why in sorted(self.why.items()))
        return hashlib.sha256(lines.encode()).hexdigest()[:20]


class PlanChanged(AssignmentRefused):
    """A plan was not confirmed because leads changed that the page did not show.

    It can be confirmed once the changes have been seen.
    """

    def __init__(self, changes: PlanChanges) -> None:
        self.changes = changes
        leads = "1 lead" if changes.count == 1 else f"{changes.count:,} leads"
        super().__init__(
            f"Nothing is assigned yet: {leads} changed since this preview."
        )


def changes_since(plan: SavedPlan, *, at: datetime) -> PlanChanges:
    """Return the leads that the plan would move and that would be skipped now.

    Each with why: by `skip_reason`, or because their member has no room any more.
    """
    moving = [entry for entry in plan.entries() if entry.to_id is not None]
    why: dict[int, str] = {}
    for chunk in batched(moving, AT_ONCE):
        why.update(_reasons(plan, chunk, at))
    return PlanChanges(why | capacity.over_capacity(plan, without=why))


def _reasons(
    plan: SavedPlan, entries: Sequence[PlanEntry], at: datetime
) -> Iterator[tuple[int, str]]:
    """Yield the ids of leads that would be skipped now, each with the sentence.

    Leads not in the database count as gone.
    """
    leads = _standings([entry.lead_id for entry in entries])
    plan_state = load_plan_state(plan, list(leads), at=at)
    for entry in entries:
        lead = leads.get(entry.lead_id)
        if why := skip_reason(plan_state, entry, lead) if lead else GONE:
            yield entry.lead_id, why


def _standings(ids: Sequence[int]) -> dict[int, LeadState]:
    """Return the state of these leads by id; unknown ids are left out."""
    known = Lead.objects.filter(pk__in=ids)
    rows = known.values_list(
        "pk", "owner_id", is_set("owner_known_at"), is_set("gone_at")
    )
    return {
        pk: LeadState(pk, owner_id, bool(is_known), bool(is_gone))
        for pk, owner_id, is_known, is_gone in rows.iterator(chunk_size=2000)
    }
