"""Leads that may move to level a team, and the plan that does it.

The arithmetic is in `rebalancing`; here is what the database knows: who takes part, which
of their leads are better left alone, and the parts of the plan.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched, islice
from typing import Any

from django.db.models import Count
from django.db.models.functions import Greatest

from assignments.models import Lead, Member, SavedPlan, User
from assignments.models.assignment import Cause
from assignments.models.plan import StrategyKind
from assignments.services import access
from assignments.services.bulk import open_leads, plans
from assignments.services.bulk.allocation import Part, Wish
from assignments.services.bulk.rebalance_math import Seat, Transfer, level, transfers
from assignments.services.bulk.revalidation import Kind, kind_of
from assignments.services.errors import AssignmentRefused

AT_ONCE = 10_000  # leads in one query


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What levelling does to one member, and which of their leads it leaves alone."""

    member: Member
    before: int
    after: int
    kinds: Counter[str] = field(default_factory=Counter)
    is_theirs: bool = True  # the actor may move leads of this member

    @property
    def change(self) -> int:
        return self.after - self.before


def shares_of(
    *, members: Sequence[Member], actor: User, at: datetime, with_live: bool = False
) -> list[Share]:
    """What everybody would have; nothing is written."""
    access.check_assign_many(actor)
    kinds = _kinds(members, at=at, with_live=with_live)
    counts = open_leads.open_leads()
    movable = access.movable_owners(actor)
    theirs = {one.pk: movable is None or one.pk in movable for one in members}
    seats = [
        Seat(
            id=one.pk,
            load=max(counts[one.pk], 0),
            movable=kinds[one.pk][Kind.MOVABLE] if theirs[one.pk] else 0,
            capacity=one.capacity,
        )
        for one in members
    ]
    wanted = level(seats)
    return [
        Share(
            member=one,
            before=seat.load,
            after=wanted[one.pk],
            kinds=kinds[one.pk],
            is_theirs=theirs[one.pk],
        )
        for one, seat in zip(members, seats, strict=True)
    ]


def plan_levelling(
    *, shares: Sequence[Share], actor: User, at: datetime, with_live: bool, query: str
) -> SavedPlan:
    """The preview of the moves. Raises AssignmentRefused where nothing is to move."""
    parts = list(_parts(shares, at=at, with_live=with_live))
    if not parts:
        raise AssignmentRefused("Nothing is to move: this is as level as it gets.")
    wish: dict[str, Any] = {
        "rebalance": query,
        "shares": _told(shares),
        "with_live": with_live,
    }
    return plans.make_plan(
        parts=parts,
        actor=actor,
        at=at,
        wish=wish,
        cause=Cause.REBALANCE,
    )


def _told(shares: Sequence[Share]) -> list[dict[str, Any]]:
    return [
        {
            "member": one.member.pk,
            "before": one.before,
            "after": one.after,
            "kinds": dict(one.kinds),
            "is_theirs": one.is_theirs,
        }
        for one in shares
    ]


def shares_told(plan: SavedPlan) -> list[Share]:
    """As they were when the plan was made."""
    told: list[dict[str, Any]] = plan.wish["shares"]
    members = Member.objects.in_bulk([one["member"] for one in told])
    return [
        Share(
            member=members[one["member"]],
            before=one["before"],
            after=one["after"],
            kinds=Counter(one["kinds"]),
            is_theirs=one["is_theirs"],
        )
        for one in told
    ]


# ── Which leads ─────────────────────────────────────────────────────────────────
def _kinds(
    members: Sequence[Member], *, at: datetime, with_live: bool
) -> dict[int, Counter[str]]:
    """How many open leads of each member are of which kind."""
    kinds: dict[int, Counter[str]] = {one.pk: Counter() for one in members}
    rows = Lead.objects.filter(open_leads.is_open(), owner__in=list(kinds)).order_by()
    sorted_out = rows.annotate(kind=kind_of(at, with_live=with_live))
    for owner, kind, count in sorted_out.values_list("owner", "kind").annotate(
        Count("pk")
    ):
        kinds[owner][kind] = count
    return kinds


def _parts(shares: Sequence[Share], *, at: datetime, with_live: bool) -> Iterator[Part]:
    by_id = {one.member.pk: one for one in shares}
    seats = [Seat(id=one.member.pk, load=one.before) for one in shares]
    wanted = {one.member.pk: one.after for one in shares}
    taken: dict[int, Iterator[int]] = {}
    for one in transfers(seats, wanted):
        giver, receiver = by_id[one.from_id], by_id[one.to_id]
        if one.from_id not in taken:
            taken[one.from_id] = _quietest(giver, at=at, with_live=with_live)
        wish = Wish(
            strategy=StrategyKind.MEMBER,
            members=[receiver.member],
            why=_why(giver, receiver),
        )
        yield from _parts_of(one, taken[one.from_id], wish)


def _parts_of(one: Transfer, ids: Iterator[int], wish: Wish) -> Iterator[Part]:
    for some in batched(islice(ids, one.count), AT_ONCE):
        yield Part(leads=Lead.objects.filter(pk__in=some), wish=wish)


def _quietest(giver: Share, *, at: datetime, with_live: bool) -> Iterator[int]:
    """The leads that were untouched longest come first."""
    owned = Lead.objects.filter(open_leads.is_open(), owner=giver.member)
    movable = owned.annotate(kind=kind_of(at, with_live=with_live)).filter(
        kind=Kind.MOVABLE
    )
    touched = Greatest("reply_order", "sent_order")
    ordered = movable.order_by(touched, "map_id").values_list("pk", flat=True)
    return iter(list(ordered[: -giver.change]))


def _why(giver: Share, receiver: Share) -> str:
    return (
        f"To level the load: {giver.member} goes from {giver.before:,} open leads to "
        f"{giver.after:,}, {receiver.member} from {receiver.before:,} to "
        f"{receiver.after:,}."
    )
