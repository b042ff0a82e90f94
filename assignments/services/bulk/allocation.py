"""What a plan says about each lead: who gets it and why, or why it stays.

Nothing is written here. The same facts and the same tally serve all parts of a plan.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db.models import Case, Count, OuterRef, Q, QuerySet, Subquery, Value, When

from assignments.models import Assignment, Coverage, Hold, Lead, Member, Turn, User
from assignments.models import Mapping as Table
from assignments.models.assignment import COVERAGE_CAUSES, PERSONAL, Urgency
from assignments.models.plan import UNKNOWN, Entry, StrategyKind
from assignments.services import access
from assignments.services.absence_wording import last_day_away
from assignments.services.absences import away_now
from assignments.services.bulk import open_leads
from assignments.services.bulk.strategies import (
    LeastBusy,
    Mapped,
    Offer,
    OneMember,
    PoolMember,
    RoundRobin,
    Strategy,
    Tally,
    Turns,
    lower_of,
    overfull,
)
from assignments.services.bulk.table_keys import THE_CLIENT, column_of, keys_of

BY_HAND = "assign"  # the rotation of everything that people spread by turns
GONE = "Smartlead no longer has this lead."
NOT_YOURS = "It belongs to another team. A sales manager can move it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How the members for some leads are chosen. Members: for tables, the default."""

    strategy: StrategyKind
    members: Sequence[Member] = ()
    weights: Mapping[int, Fraction] = field(default_factory=dict)
    # The most open leads of a member, where that is less than they should have at most.
    caps: Mapping[int, int] = field(default_factory=dict)
    table: Table | None = None
    # What made the choice, where it was not a person who named this one member.
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    leads: QuerySet[Lead]
    wish: Wish


@dataclass(frozen=True, slots=True)
class Pending:
    """The newest change of a lead that is still on its way."""

    to_id: int
    is_personal: bool


@dataclass(slots=True, kw_only=True)
class Scene:
    """What is known when a plan is made, and how loads and turns change as it grows."""

    actor: User
    reason: str
    members: dict[int, Member]
    away: dict[int, Coverage]
    closing: frozenset[int]
    pending: dict[int, Pending]
    held: frozenset[int]
    # Whose leads the actor may move, None standing for nobody's; None: everybody's.
    movable: frozenset[int | None] | None
    tally: Tally
    turns: dict[str, Turns]
    # Who leaves, and is given nothing, whatever a table says.
    leaver_id: int | None = None
    seen: int = 0
    open: int = 0
    held_moving: int = 0
    uncounted: int = 0  # closed or quiet ones to somebody with a capacity
    # Whom a person chose by name, full or not; and how many the others may have.
    chosen: set[int] = field(default_factory=set)
    caps: dict[int, int] = field(default_factory=dict)
    gained: Counter[int] = field(default_factory=Counter)
    lost: Counter[int] = field(default_factory=Counter)

    def name(self, member_id: int) -> str:
        return f"{self.members[member_id]}"

    def why_not(self, member: Member) -> str:
        """Why no automatic choice may fall on a member now; empty if it may."""
        if not member.is_active:
            return "deactivated"
        if member.pk == self.leaver_id:
            return "leaving"
        if coverage := self.away.get(member.pk):
            return away_until(coverage)
        return ""


def away_until(coverage: Coverage) -> str:
    return f"away until {last_day_away(coverage)}"


def scene_for(actor: User, *, reason: str, at: datetime) -> Scene:
    counts = open_leads.open_leads()
    return Scene(
        actor=actor,
        reason=reason,
        members={member.pk: member for member in Member.objects.all()},
        away=away_now(at),
        closing=open_leads.closing_categories(),
        pending=_pending(),
        held=frozenset(Hold.objects.live().values_list("lead", flat=True)),
        movable=access.movable_owners(actor),
        tally=Tally(loads=counts, last=last_given()),
        turns={},
    )


def propose(part: Part, scene: Scene) -> Iterator[Entry]:
    """One entry a lead, in the order of the newest reply."""
    strategy = strategy_of(part, scene)
    table = part.wish.table
    for row in _rows(part.leads, table):
        lead_id, owner_id, is_known, has_replied, category_id, is_gone, *rest = row
        keys = keys_of(table, rest[0]) if table else ()
        is_open = not is_gone and bool(has_replied)
        is_open = is_open and category_id not in scene.closing
        scene.seen += 1
        scene.open += is_open
        to_id, why = None, GONE if is_gone else NOT_YOURS
        if not is_gone and may_move(scene.movable, owner_id, is_known=bool(is_known)):
            offer = Offer(keys, owner_id)
            to_id, why = _decide(lead_id, offer, strategy, scene, is_open=is_open)
        if to_id is not None and lead_id in scene.held:
            scene.held_moving += 1
        yield Entry(lead_id, to_id, why[:500], owner_id if is_known else UNKNOWN)


def may_move(
    movable: frozenset[int | None] | None, owner_id: int | None, *, is_known: bool
) -> bool:
    if movable is None:
        return True
    return owner_id in movable and (owner_id is not None or is_known)


def _decide(
    lead_id: int, offer: Offer, strategy: Strategy, scene: Scene, *, is_open: bool
) -> tuple[int | None, str]:
    """To whom, and why; to nobody where the lead stays."""
    owner_id = offer.owner_id
    pending = scene.pending.get(lead_id)
    if pending and pending.is_personal:
        to = scene.name(pending.to_id)
        return None, f"A decision is already waiting: it is on its way to {to}."
    holder_id = pending.to_id if pending else owner_id
    scene.tally.lift(holder_id, is_open=is_open)
    choice = strategy.choose(Offer(offer.keys, holder_id), scene.tally)
    if choice.member_id is None:
        scene.tally.put_back(holder_id, is_open=is_open)
        return None, choice.sentence
    if choice.member_id == holder_id:
        scene.tally.keep(holder_id, is_open=is_open)
        verb = "is already on its way to" if pending else "is already with"
        return None, f"It {verb} {scene.name(holder_id)}."
    scene.tally.give(choice.member_id, is_open=is_open)
    if not is_open and scene.members[choice.member_id].capacity is not None:
        scene.uncounted += 1
    if is_open:
        scene.gained[choice.member_id] += 1
        if holder_id is not None:
            scene.lost[holder_id] += 1
    return choice.member_id, _reason(choice.sentence, scene.reason)


def _reason(sentence: str, said: str) -> str:
    """The person's own words first; then how the choice came about."""
    if not said or said == sentence:
        return sentence
    return f"{said if said[-1] in '.!?' else said + '.'} {sentence}"


def strategy_of(part: Part, scene: Scene) -> Strategy:
    wish = part.wish
    pool = [_pool_member(member, wish, scene) for member in wish.members]
    match wish.strategy:
        case StrategyKind.MEMBER:
            if wish.why:
                return OneMember(pool[0], wish.why)
            scene.chosen.add(pool[0].id)
            return OneMember(pool[0], f"{scene.actor} chose {pool[0].name}.")
        case StrategyKind.ROUND_ROBIN:
            turns = turns_of(BY_HAND, scene)
            return RoundRobin(pool, turns, overfull(pool, _held(part.leads, scene)))
        case StrategyKind.LEAST_BUSY:
            return LeastBusy(pool)
        case _:
            assert wish.table is not None  # noqa: S101  the form asks for it
            return _mapped(wish.table, wish, LeastBusy(pool) if pool else None, scene)


def _held(leads: QuerySet[Lead], scene: Scene) -> dict[int, int]:
    """How many of these leads each owner has, of those that the actor may move.

    0 stands for nobody.
    """
    present = leads.select_related(None).filter(gone_at=None).order_by()
    counts = present.values_list("owner").annotate(Count("pk"))
    return {
        owner or 0: count
        for owner, count in counts
        if may_move(scene.movable, owner, is_known=True)
    }


def _mapped(
    table: Table, wish: Wish, default: Strategy | None, scene: Scene
) -> Strategy:
    pools: dict[str, list[PoolMember]] = {}
    shown: dict[str, str] = {}
    for line in table.lines.all():
        member = scene.members[line.member_id]
        pools.setdefault(line.key, []).append(_pool_member(member, wish, scene))
        shown.setdefault(line.key, line.value)
    turns = turns_of(f"mapping-{table.pk}", scene)
    return Mapped(table.kind, pools, shown, turns, default)


def _pool_member(member: Member, wish: Wish, scene: Scene) -> PoolMember:
    cap = lower_of(wish.caps.get(member.pk), member.capacity)
    if cap is not None:
        scene.caps[member.pk] = max(cap, scene.caps.get(member.pk, 0))
    return PoolMember(
        id=member.pk,
        name=f"{member}",
        weight=wish.weights.get(member.pk, Fraction(1)),
        cap=cap,
        why_not=scene.why_not(member),
    )


def turns_of(rotation: str, scene: Scene) -> Turns:
    if rotation not in scene.turns:
        scene.turns[rotation] = Turns(load_turns(rotation))
    return scene.turns[rotation]


def load_turns(rotation: str) -> dict[int, int]:
    known = Turn.objects.filter(rotation=rotation)
    return dict(known.values_list("member", "ahead"))


def _rows(leads: QuerySet[Lead], table: Table | None) -> Iterable[tuple[Any, ...]]:
    """Plain values, read in one query: a preview may be asked for all leads."""
    columns = ["pk", "owner_id", "is_known", "has_replied", "category_id", "is_gone"]
    if table:
        columns.append(column_of(table))
        leads = leads.annotate(the_client=THE_CLIENT)
    marked = leads.select_related(None).annotate(
        is_known=is_set("owner_known_at"),
        has_replied=is_set("last_reply_at"),
        is_gone=is_set("gone_at"),
    )
    ordered = marked.order_by("-reply_order", "-map_id")
    return ordered.values_list(*columns).iterator(chunk_size=2000)


def is_set(column: str) -> Case:
    return Case(
        When(Q(**{f"{column}__isnull": False}), then=Value(1)), default=Value(0)
    )


def is_decision(cause: str, batch_id: int | None, urgency: int) -> bool:
    """Whether a person stands behind a row: made it, or asked for the same by itself.

    What they do for a coverage stands alone, without a batch.
    """
    for_coverage = cause in COVERAGE_CAUSES and batch_id is None
    return cause in PERSONAL or for_coverage or urgency == Urgency.CLICK


def _pending() -> dict[int, Pending]:
    rows = Assignment.objects.pending().order_by("pk")
    return {
        lead_id: Pending(to_id, is_decision(cause, batch_id, urgency))
        for lead_id, to_id, cause, batch_id, urgency in rows.values_list(
            "lead", "to", "cause", "batch", "urgency"
        )
        if to_id is not None
    }


def last_given() -> dict[int, int]:
    """The newest assignment to each member, found by its index."""
    newest = Assignment.objects.filter(to=OuterRef("pk")).order_by("-pk")
    rows = Member.objects.annotate(last=Subquery(newest.values("pk")[:1]))
    return {pk: last for pk, last in rows.values_list("pk", "last") if last}
