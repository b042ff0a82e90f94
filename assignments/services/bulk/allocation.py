"""Allocation of a plan's leads to members, one entry a lead. Nothing is written.

All parts of a plan share one context: the same data and one running tally.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db.models import Case, Count, OuterRef, Q, QuerySet, Subquery, Value, When

from assignments.models import (
    Assignment,
    Coverage,
    Hold,
    Lead,
    LookupTable,
    Member,
    RotationTurn,
    User,
)
from assignments.models.assignment import COVERAGE_CAUSES, PERSONAL, Urgency
from assignments.models.plan import UNKNOWN, PlanEntry, StrategyKind
from assignments.services import access
from assignments.services.absence_wording import last_day_away
from assignments.services.absences import absences_at
from assignments.services.bulk import open_leads
from assignments.services.bulk.strategies import (
    ByTable,
    LeadToAssign,
    LeastBusy,
    LoadTally,
    NamedMember,
    PoolMember,
    RoundRobin,
    Strategy,
    WeightedTurns,
    lowest_cap,
    members_over_share,
)
from assignments.services.bulk.table_keys import lead_column, lead_keys
from assignments.services.sight import THE_CLIENT

MANUAL_ROTATION = "assign"  # the rotation of all leads that people spread in turn
GONE = "Smartlead no longer has this lead."


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRequest:
    """The strategy and the members for some leads.

    With a table, `members` are the default for leads that it does not know.
    """

    strategy: StrategyKind
    members: Sequence[Member] = ()
    weights: Mapping[int, Fraction] = field(default_factory=dict)
    # The most open leads by member id, on top of each member's own capacity.
    caps: Mapping[int, int] = field(default_factory=dict)
    table: LookupTable | None = None
    # The reason for the single member, without a full stop, if no person named them.
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPart:
    """Some leads of a plan, all allocated in one way."""

    leads: QuerySet[Lead]
    wish: AllocationRequest


@dataclass(frozen=True, slots=True)
class PendingTarget:
    """The newest unfinished change of a lead; `is_personal`: a person decided it."""

    to_id: int
    is_personal: bool


@dataclass(slots=True, kw_only=True)
class PlanContext:
    """Data read when a plan is made, and the loads, turns and counts as it grows."""

    actor: User
    reason: str
    members: dict[int, Member]
    away: dict[int, Coverage]
    closing: frozenset[int]
    pending: dict[int, PendingTarget]
    held: frozenset[int]
    # Members whose leads the actor may move, with None for unowned ones; None: all.
    movable: frozenset[int | None] | None
    tally: LoadTally
    turns: dict[str, WeightedTurns]
    # The member who leaves: they are given nothing, even by a table.
    leaver_id: int | None = None
    seen: int = 0
    open: int = 0
    held_moving: int = 0
    uncounted: int = 0  # leads that are not open, given to a member with a capacity
    # Members that a person named, full or not; caps of the others by member id.
    chosen: set[int] = field(default_factory=set)
    caps: dict[int, int] = field(default_factory=dict)
    gained: Counter[int] = field(default_factory=Counter)
    lost: Counter[int] = field(default_factory=Counter)

    def name(self, member_id: int) -> str:
        return f"{self.members[member_id]}"

    def why_not(self, member: Member) -> str:
        """Return why no strategy may choose the member; "" if one may.

        That is "deactivated", "leaving" or e.g. "away until Fri 15 May", the first that
        is true.
        """
        if not member.is_active:
            return "deactivated"
        if member.pk == self.leaver_id:
            return "leaving"
        if coverage := self.away.get(member.pk):
            return away_until(coverage)
        return ""


def away_until(coverage: Coverage) -> str:
    """Return e.g. "away until Fri 15 May"."""
    return f"away until {last_day_away(coverage)}"


def plan_context(actor: User, *, reason: str, at: datetime) -> PlanContext:
    """Return the context for a new plan, read from the database.

    Loads, holds, pending rows and the actor's rights as of now, absences at `at`.
    `reason`: the actor's own words for all leads, or "".
    """
    counts = open_leads.open_lead_counts()
    return PlanContext(
        actor=actor,
        reason=reason,
        members={member.pk: member for member in Member.objects.all()},
        away=absences_at(at),
        closing=open_leads.closing_category_ids(),
        pending=_pending_changes(),
        held=frozenset(Hold.objects.live().values_list("lead", flat=True)),
        movable=access.movable_owner_ids(actor),
        tally=LoadTally(loads=counts, last=newest_assignment_ids()),
        turns={},
    )


def allocate(part: PlanPart, context: PlanContext) -> Iterator[PlanEntry]:
    """Yield one entry per lead of the part, the newest reply first.

    An entry without `to_id` stays: its lead is gone, not the actor's to move, subject
    of a person's pending decision, already with the member chosen, or nobody can take
    it. `shown_id` is the owner, UNKNOWN if not known. Reasons are cut to 500
    characters. Loads, turns and counts of the context are updated on the way.
    """
    strategy = build_strategy(part, context)
    table = part.wish.table
    for row in _rows(part.leads, table):
        lead_id, owner_id, is_known, has_replied, category_id, is_gone, *rest = row
        keys = lead_keys(table, rest[0]) if table else ()
        is_open = not is_gone and bool(has_replied)
        is_open = is_open and category_id not in context.closing
        context.seen += 1
        context.open += is_open
        to_id, why = None, GONE
        if not is_gone and not may_move(
            context.movable, owner_id, is_known=bool(is_known)
        ):
            owner = context.members.get(owner_id or 0)
            why = access.not_yours(owner, is_known=bool(is_known))
        elif not is_gone:
            lead = LeadToAssign(keys, owner_id, is_open)
            to_id, why = _decide(lead_id, lead, strategy, context)
        if to_id is not None and lead_id in context.held:
            context.held_moving += 1
        yield PlanEntry(lead_id, to_id, why[:500], owner_id if is_known else UNKNOWN)


def may_move(
    movable: frozenset[int | None] | None, owner_id: int | None, *, is_known: bool
) -> bool:
    """Return whether a lead of this owner may be moved, by `access.movable_owner_ids`.

    True for all if `movable` is None. Else the owner must be in it; an unowned lead
    also must have been named as unowned by Smartlead (`is_known`).
    """
    if movable is None:
        return True
    return owner_id in movable and (owner_id is not None or is_known)


def _decide(
    lead_id: int,
    lead: LeadToAssign,
    strategy: Strategy,
    context: PlanContext,
) -> tuple[int | None, str]:
    """Return the new owner's id and why, or None and why the lead stays; count it."""
    owner_id, is_open = lead.owner_id, lead.is_open
    pending = context.pending.get(lead_id)
    if pending and pending.is_personal:
        to = context.name(pending.to_id)
        return None, f"A decision is already waiting: it is on its way to {to}."
    holder_id = pending.to_id if pending else owner_id
    context.tally.lift(holder_id, is_open=is_open)
    choice = strategy.choose(lead._replace(owner_id=holder_id), context.tally)
    if choice.member_id is None:
        context.tally.put_back(holder_id, is_open=is_open)
        return None, choice.sentence
    if choice.member_id == holder_id:
        context.tally.keep(holder_id, is_open=is_open)
        verb = "is already on its way to" if pending else "is already with"
        return None, f"It {verb} {context.name(holder_id)}."
    context.tally.give(choice.member_id, is_open=is_open)
    if not is_open and context.members[choice.member_id].capacity is not None:
        context.uncounted += 1
    if is_open:
        context.gained[choice.member_id] += 1
        if holder_id is not None:
            context.lost[holder_id] += 1
    return choice.member_id, _reason(choice.sentence, context.reason)


def _reason(sentence: str, own_reason: str) -> str:
    """Return the own reason and the sentence, with ". " or " " between them.

    The sentence alone if there is no own reason or both are the same.
    """
    if not own_reason or own_reason == sentence:
        return sentence
    stop = "" if own_reason[-1] in ".!?" else "."
    return f"{own_reason}{stop} {sentence}"


def build_strategy(part: PlanPart, context: PlanContext) -> Strategy:
    """Return the strategy for a part. Caps of members are noted in the context.

    MEMBER: the first member, whatever their load; noted in `chosen` unless the request
    has a `why`. ROUND_ROBIN: by the saved rotation of hand-made plans. LEAST_BUSY. Else
    by the table, and by LeastBusy among the request's members, if any, for unknown
    leads.
    """
    request = part.wish
    pool = [_pool_member(member, request, context) for member in request.members]
    match request.strategy:
        case StrategyKind.MEMBER:
            if request.why:
                return NamedMember(pool[0], request.why)
            context.chosen.add(pool[0].id)
            return NamedMember(pool[0], f"{context.actor} chose {pool[0].name}")
        case StrategyKind.ROUND_ROBIN:
            turns = rotation_turns(MANUAL_ROTATION, context)
            return RoundRobin(
                pool,
                turns,
                members_over_share(pool, _counts_by_owner(part.leads, context)),
            )
        case StrategyKind.LEAST_BUSY:
            return LeastBusy(pool)
        case _:
            assert request.table is not None  # noqa: S101  the form asks for it
            return _table_strategy(
                request.table, request, LeastBusy(pool) if pool else None, context
            )


def _counts_by_owner(leads: QuerySet[Lead], context: PlanContext) -> dict[int, int]:
    """Return how many of these leads each owner has; key 0 is for unowned leads.

    Leads that are gone, and those whose owner (or having none) keeps the actor from
    moving them, are left out.
    """
    present = leads.select_related(None).filter(gone_at=None).order_by()
    counts = present.values_list("owner").annotate(Count("pk"))
    return {
        owner or 0: count
        for owner, count in counts
        if may_move(context.movable, owner, is_known=True)
    }


def _table_strategy(
    table: LookupTable,
    request: AllocationRequest,
    default: Strategy | None,
    context: PlanContext,
) -> Strategy:
    pools: dict[str, list[PoolMember]] = {}
    shown: dict[str, str] = {}
    for entry in table.lines.all():
        member = context.members[entry.member_id]
        pools.setdefault(entry.key, []).append(_pool_member(member, request, context))
        shown.setdefault(entry.key, entry.value)
    turns = rotation_turns(f"mapping-{table.pk}", context)
    return ByTable(table.kind, pools, shown, turns, default)


def _pool_member(
    member: Member, request: AllocationRequest, context: PlanContext
) -> PoolMember:
    """Return the member with weight (1 by default), cap and `why_not`.

    The cap is the lower one of request and capacity; the context keeps the highest per
    member.
    """
    cap = lowest_cap(request.caps.get(member.pk), member.capacity)
    if cap is not None:
        context.caps[member.pk] = max(cap, context.caps.get(member.pk, 0))
    return PoolMember(
        id=member.pk,
        name=f"{member}",
        weight=request.weights.get(member.pk, Fraction(1)),
        cap=cap,
        why_not=context.why_not(member),
    )


def rotation_turns(rotation: str, context: PlanContext) -> WeightedTurns:
    """Return the context's state of a rotation, read from the database at first use."""
    if rotation not in context.turns:
        context.turns[rotation] = WeightedTurns(saved_turns(rotation))
    return context.turns[rotation]


def saved_turns(rotation: str) -> dict[int, int]:
    """Return by member id how far each is ahead in a rotation, in parts of a lead.

    Members without a saved turn are left out (see WeightedTurns).
    """
    known = RotationTurn.objects.filter(rotation=rotation)
    return dict(known.values_list("member", "ahead"))


def _rows(
    leads: QuerySet[Lead], table: LookupTable | None
) -> Iterable[tuple[Any, ...]]:
    """Yield tuples with the values of the leads, newest reply first.

    Id, owner's id, 1 or 0 for each of: owner known, has replied; category's id, 1 or 0
    for gone; with a table also the value of its column.
    """
    columns = ["pk", "owner_id", "is_known", "has_replied", "category_id", "is_gone"]
    if table:
        columns.append(lead_column(table))
        leads = leads.annotate(the_client=THE_CLIENT)
    marked = leads.select_related(None).annotate(
        is_known=is_set("owner_known_at"),
        has_replied=is_set("last_reply_at"),
        is_gone=is_set("gone_at"),
    )
    ordered = marked.order_by("-reply_order", "-map_id")
    return ordered.values_list(*columns).iterator(chunk_size=2000)


def is_set(column: str) -> Case:
    """Return an SQL expression: 1 if the column is not null, else 0."""
    return Case(
        When(Q(**{f"{column}__isnull": False}), then=Value(1)), default=Value(0)
    )


def is_personal_decision(cause: str, batch_id: int | None, urgency: int) -> bool:
    """Return whether a row with these values counts as decided by a person.

    True for a cause in PERSONAL, which includes bulk; for a coverage's cause without a
    batch, which a person made for one lead; and for CLICK urgency.
    """
    for_coverage = cause in COVERAGE_CAUSES and batch_id is None
    return cause in PERSONAL or for_coverage or urgency == Urgency.CLICK


def _pending_changes() -> dict[int, PendingTarget]:
    rows = Assignment.objects.pending().order_by("pk")
    return {
        lead_id: PendingTarget(to_id, is_personal_decision(cause, batch_id, urgency))
        for lead_id, to_id, cause, batch_id, urgency in rows.values_list(
            "lead", "to", "cause", "batch", "urgency"
        )
        if to_id is not None
    }


def newest_assignment_ids() -> dict[int, int]:
    """Return by member id the id of the newest assignment to them, in any state.

    Members without one are left out.
    """
    newest = Assignment.objects.filter(to=OuterRef("pk")).order_by("-pk")
    rows = Member.objects.annotate(last=Subquery(newest.values("pk")[:1]))
    return {pk: last for pk, last in rows.values_list("pk", "last") if last}
