"""Check at writing that a plan does not fill members beyond their caps.

Two previews may each fill the same member. So a plan keeps the most open leads that each
member should have, and leads beyond that stay where they are. Members that a person named
have no cap here: the preview has warned.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched

from django.db.models import F, Q

from assignments.models import Assignment, Lead, Member, SavedPlan
from assignments.models.plan import PlanEntry
from assignments.services.bulk import open_leads

AT_ONCE = 10_000  # leads in one query


@dataclass(frozen=True, slots=True)
class OpenLeadMove:
    """An open lead that leaves one member's load (None: nobody's) for another's."""

    lead_id: int
    from_id: int | None
    to_id: int


def caps_by_member(plan: SavedPlan) -> dict[int, int]:
    """Return the most open leads the plan may bring members to, by member id.

    Members without a cap in the plan's summary are left out.
    """
    return dict(plan.summary.get("caps", []))


def lock_capped_members(plan: SavedPlan) -> None:
    """Lock the plan's capped members, by id, until the transaction ends.

    Plans that fill the same ones are serialized by that.
    """
    members = Member.objects.select_for_update(no_key=True)
    list(members.filter(pk__in=caps_by_member(plan)).order_by("pk").values_list("pk"))


def over_capacity(plan: SavedPlan, *, without: Iterable[int] = ()) -> dict[int, str]:
    """Return the unwritten leads (ids) that would exceed a cap, each with a sentence.

    Later entries give way to earlier ones, and this plan to those confirmed before it.
    Only open leads that change hands count; `without`: ids of leads that stay anyway.
    Empty if the plan has no caps.
    """
    caps = caps_by_member(plan)
    if not caps:
        return {}
    stay = set(without)
    moves = [move for move in _moves(plan) if move.lead_id not in stay]
    load = _loads_with_earlier_plans(plan)
    return {
        move.lead_id: f"{name} has no room any more: {cap} open leads are the most."
        for move, name, cap in _moves_over_caps(moves, load, caps)
    }


def _moves_over_caps(
    moves: Sequence[OpenLeadMove], load: Counter[int], caps: Mapping[int, int]
) -> Iterable[tuple[OpenLeadMove, str, int]]:
    """Yield moves that would exceed a cap, later first, with the member's name and cap.

    A member who keeps a lead because its move is dropped may exceed their cap in turn,
    so this repeats until nobody does.
    """
    names = {member.pk: f"{member}" for member in Member.objects.filter(pk__in=caps)}
    staying: set[int] = set()
    is_settled = False
    while not is_settled:
        after = load.copy()
        for move in moves:
            if move.lead_id not in staying:
                after[move.to_id] += 1
                if move.from_id is not None:
                    after[move.from_id] -= 1
        is_settled = True
        for move in reversed(moves):
            cap = caps.get(move.to_id)
            if cap is None or move.lead_id in staying or after[move.to_id] <= cap:
                continue
            after[move.to_id] -= 1
            staying.add(move.lead_id)
            is_settled = False
            yield move, names[move.to_id], cap


def _loads_with_earlier_plans(plan: SavedPlan) -> Counter[int]:
    """Return open leads by member, as if earlier plans were written (see `_earlier`)."""
    load = open_leads.open_lead_counts()
    for earlier in _earlier(plan):
        for move in _moves(earlier):
            load[move.to_id] += 1
            if move.from_id is not None:
                load[move.from_id] -= 1
    return load


def _earlier(plan: SavedPlan) -> Iterable[SavedPlan]:
    """Return other plans confirmed before this one, partly unwritten, not cancelled.

    For a preview: all confirmed ones.
    """
    unwritten = SavedPlan.objects.filter(
        confirmed_at__isnull=False, written__lt=F("total"), cancelled_at=None
    ).exclude(pk=plan.pk)
    if plan.confirmed_at is None:
        return unwritten
    before = Q(confirmed_at__lt=plan.confirmed_at)
    return unwritten.filter(before | Q(confirmed_at=plan.confirmed_at, pk__lt=plan.pk))


def _moves(plan: SavedPlan) -> list[OpenLeadMove]:
    """Return the moves of open leads that the plan has not written yet, in its order.

    Leads that stay or are with their target already are left out.
    """
    unwritten = plan.entries(plan.written)
    entries = [entry for entry in unwritten if entry.to_id is not None]
    return [
        OpenLeadMove(entry.lead_id, holder_id, entry.to_id)
        for chunk in batched(entries, AT_ONCE)
        for entry, holder_id in _with_holders(chunk)
        if entry.to_id is not None and entry.to_id != holder_id
    ]


def _with_holders(
    entries: Sequence[PlanEntry],
) -> Iterable[tuple[PlanEntry, int | None]]:
    """Yield the entries of open leads with the member whose load each counts to.

    That is the target of the newest pending change, or else the owner (None: nobody).
    Entries of other leads are left out.
    """
    ids = [entry.lead_id for entry in entries]
    holders = dict(
        Lead.objects.open().filter(pk__in=ids).order_by().values_list("pk", "owner")
    )
    on_the_way = Assignment.objects.pending().filter(lead__in=ids).order_by("pk")
    holders |= {
        lead_id: to_id
        for lead_id, to_id in on_the_way.values_list("lead", "to")
        if lead_id in holders
    }
    for entry in entries:
        if entry.lead_id in holders:
            yield entry, holders[entry.lead_id]
