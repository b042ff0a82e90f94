"""Whether the members of a plan still have the room that the preview saw.

Two previews may each fill the same member. So a plan remembers up to how many open leads
it wanted each one to have, and what is too much by now stays where it is. Whom a person
chose by name gets the leads all the same: that was said in the preview.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched

from django.db.models import F, Q

from assignments.models import Assignment, Lead, Member, SavedPlan
from assignments.models.plan import Entry
from assignments.services.bulk import open_leads

AT_ONCE = 10_000  # leads in one query


@dataclass(frozen=True, slots=True)
class Move:
    """An open lead on its way from one load to another."""

    lead_id: int
    from_id: int | None
    to_id: int


def caps_of(plan: SavedPlan) -> dict[int, int]:
    """The most open leads that this plan may bring each member to."""
    return dict(plan.summary.get("caps", []))


def lock_members(plan: SavedPlan) -> None:
    """Plans that fill the same members are written one after the other."""
    members = Member.objects.select_for_update(no_key=True)
    list(members.filter(pk__in=caps_of(plan)).order_by("pk").values_list("pk"))


def too_many(plan: SavedPlan, *, without: Iterable[int] = ()) -> dict[int, str]:
    """Leads for which there is no room left, each with the sentence that says so.

    `without`: leads that stay for another reason.
    """
    caps = caps_of(plan)
    if not caps:
        return {}
    stay = set(without)
    moves = [one for one in _moves(plan) if one.lead_id not in stay]
    load = _loads_with_earlier_plans(plan)
    return {
        move.lead_id: f"{name} has no room any more: {cap} open leads are the most."
        for move, name, cap in _beyond(moves, load, caps)
    }


def _beyond(
    moves: Sequence[Move], load: Counter[int], caps: Mapping[int, int]
) -> Iterable[tuple[Move, str, int]]:
    """The last moves to members who would have too many, until nobody has.

    Who keeps a lead that was to leave may be full in turn: so it is looked at again.
    """
    names = {one.pk: f"{one}" for one in Member.objects.filter(pk__in=caps)}
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
    """Open leads by member once everything confirmed before this plan is written."""
    load = open_leads.open_leads()
    for earlier in _earlier(plan):
        for move in _moves(earlier):
            load[move.to_id] += 1
            if move.from_id is not None:
                load[move.from_id] -= 1
    return load


def _earlier(plan: SavedPlan) -> Iterable[SavedPlan]:
    unwritten = SavedPlan.objects.filter(
        confirmed_at__isnull=False, written__lt=F("total"), cancelled_at=None
    ).exclude(pk=plan.pk)
    if plan.confirmed_at is None:
        return unwritten
    before = Q(confirmed_at__lt=plan.confirmed_at)
    return unwritten.filter(before | Q(confirmed_at=plan.confirmed_at, pk__lt=plan.pk))


def _moves(plan: SavedPlan) -> list[Move]:
    """What is not written yet and will count to somebody's load."""
    entries = [one for one in plan.entries(plan.written) if one.to_id is not None]
    return [
        Move(entry.lead_id, holder_id, entry.to_id)
        for some in batched(entries, AT_ONCE)
        for entry, holder_id in _with_holders(some)
        if entry.to_id is not None and entry.to_id != holder_id
    ]


def _with_holders(entries: Sequence[Entry]) -> Iterable[tuple[Entry, int | None]]:
    """Entries about open leads, each with whose load it is now, or will be soon."""
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
