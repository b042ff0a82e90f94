"""Rebalancing of a team's open leads: targets per member, and the plan of moves.

The arithmetic is in `rebalance_math`; this module reads members and leads, finds the
leads that are better left alone, and makes the plan.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched, islice
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import Greatest

from assignments.models import Lead, Member, SavedPlan, User
from assignments.models.assignment import Cause
from assignments.models.plan import StrategyKind
from assignments.services import access
from assignments.services.bulk import open_leads, plans
from assignments.services.bulk.allocation import AllocationRequest, PlanPart
from assignments.services.bulk.rebalance_math import MemberLoad, target_loads, transfers
from assignments.services.bulk.revalidation import Movability, movability
from assignments.services.errors import AssignmentRefused
from assignments.services.sight import Sight, visible_leads

AT_ONCE = 10_000  # leads in one query


@dataclass(frozen=True, slots=True, kw_only=True)
class RebalanceTarget:
    """One member's open leads before and after a rebalance.

    `kinds` counts their open leads by whether and why they cannot move.
    """

    member: Member
    before: int
    after: int
    kinds: Counter[str] = field(default_factory=Counter)
    is_theirs: bool = True  # whether the actor may move leads of this member

    @property
    def change(self) -> int:
        return self.after - self.before


def rebalance_targets(
    *, members: Sequence[Member], actor: User, at: datetime, with_live: bool = False
) -> list[RebalanceTarget]:
    """Return each member's open leads now and after a rebalance, in the given order.

    `with_live`: also move leads in a live conversation. Nobody gives leads that the
    actor may not move. Nothing is written. Raises NotAllowed unless `actor` is a team
    lead or manager.
    """
    access.check_assign_many(actor)
    sight = Sight.of(actor)
    kinds = _kinds(members, at=at, with_live=with_live, sight=sight)
    counts = open_leads.open_lead_counts()
    movable = access.movable_owner_ids(actor)
    theirs = {member.pk: movable is None or member.pk in movable for member in members}
    loads = [
        MemberLoad(
            id=member.pk,
            load=max(counts[member.pk], 0),
            movable=kinds[member.pk][Movability.MOVABLE] if theirs[member.pk] else 0,
            capacity=member.capacity,
        )
        for member in members
    ]
    wanted = target_loads(loads)
    return [
        RebalanceTarget(
            member=member,
            before=current.load,
            after=wanted[member.pk],
            kinds=kinds[member.pk],
            is_theirs=theirs[member.pk],
        )
        for member, current in zip(members, loads, strict=True)
    ]


def plan_rebalance(
    *,
    shares: Sequence[RebalanceTarget],
    actor: User,
    at: datetime,
    with_live: bool,
    query: str,
) -> SavedPlan:
    """Save and return the plan that brings everybody to their target, as a preview.

    The leads untouched for longest move first. `query` is the form's query string, kept
    with the plan. Raises NotAllowed, or AssignmentRefused if nothing is to move.
    """
    parts = list(_parts(shares, actor=actor, at=at, with_live=with_live))
    if not parts:
        raise AssignmentRefused("Nothing is to move: this is as level as it gets.")
    saved = [
        {
            "member": target.member.pk,
            "before": target.before,
            "after": target.after,
            "kinds": dict(target.kinds),
            "is_theirs": target.is_theirs,
        }
        for target in shares
    ]
    return plans.make_plan(
        parts=parts,
        actor=actor,
        at=at,
        wish={"rebalance": query, "shares": saved, "with_live": with_live},
        cause=Cause.REBALANCE,
    )


def saved_targets(plan: SavedPlan) -> list[RebalanceTarget]:
    """Return the targets that a rebalance's plan was made with, in their order.

    Members are as they are now. Raises KeyError for a plan of another kind.
    """
    saved: list[dict[str, Any]] = plan.wish["shares"]
    members = Member.objects.in_bulk([target["member"] for target in saved])
    return [
        RebalanceTarget(
            member=members[target["member"]],
            before=target["before"],
            after=target["after"],
            kinds=Counter(target["kinds"]),
            is_theirs=target["is_theirs"],
        )
        for target in saved
    ]


# ── Leads to move ─────────────────────────────────────────────────────────────────
def _kinds(
    members: Sequence[Member], *, at: datetime, with_live: bool, sight: Sight
) -> dict[int, Counter[str]]:
    """Return, by member id, the seen open leads they own, counted by Movability."""
    kinds: dict[int, Counter[str]] = {member.pk: Counter() for member in members}
    seen = Lead.objects.filter(open_leads.is_open(), sight.leads())
    rows = seen.filter(owner__in=list(kinds)).order_by()
    with_kind = rows.annotate(kind=movability(at, with_live=with_live))
    for owner, kind, count in with_kind.values_list("owner", "kind").annotate(
        Count("pk")
    ):
        kinds[owner][kind] = count
    return kinds


def _parts(
    targets: Sequence[RebalanceTarget],
    *,
    actor: User,
    at: datetime,
    with_live: bool,
) -> Iterator[PlanPart]:
    by_id = {target.member.pk: target for target in targets}
    loads = [MemberLoad(id=target.member.pk, load=target.before) for target in targets]
    wanted = {target.member.pk: target.after for target in targets}
    lead_ids: dict[int, Iterator[int]] = {}  # of each giver, those not taken yet
    for transfer in transfers(loads, wanted):
        giver, receiver = by_id[transfer.from_id], by_id[transfer.to_id]
        if giver.member.pk not in lead_ids:
            seen = visible_leads(actor)
            ids = _leads_to_give(giver, seen, at=at, with_live=with_live)
            lead_ids[giver.member.pk] = ids
        request = AllocationRequest(
            strategy=StrategyKind.MEMBER,
            members=[receiver.member],
            why=_reason(giver, receiver),
        )
        taken = islice(lead_ids[giver.member.pk], transfer.count)
        for chunk in batched(taken, AT_ONCE):
            yield PlanPart(leads=Lead.objects.filter(pk__in=chunk), wish=request)


def _leads_to_give(
    giver: RebalanceTarget, seen: QuerySet[Lead], *, at: datetime, with_live: bool
) -> Iterator[int]:
    """Yield ids of the member's open leads, of those seen, that may move, as many as
    they give.

    With `with_live` leads of live conversations may move too. Those without a mail in
    or out for longest come first.
    """
    owned = seen.filter(open_leads.is_open(), owner=giver.member)
    movable = owned.annotate(kind=movability(at, with_live=with_live)).filter(
        kind=Movability.MOVABLE
    )
    touched = Greatest("reply_order", "sent_order")
    ordered = movable.order_by(touched, "map_id").values_list("pk", flat=True)
    return iter(list(ordered[: -giver.change]))


def _reason(giver: RebalanceTarget, receiver: RebalanceTarget) -> str:
    return (
        f"To level the load: {giver.member} goes from {giver.before:,} open leads to "
        f"{giver.after:,}, {receiver.member} from {receiver.before:,} to "
        f"{receiver.after:,}"
    )
