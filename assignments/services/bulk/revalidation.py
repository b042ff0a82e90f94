"""Why a lead of a plan is left alone by now, although the preview would move it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from assignments.models import Assignment, Batch, Coverage, Member, SavedPlan
from assignments.models.assignment import COVERAGE_CAUSES, PERSONAL, Cause, State
from assignments.models.plan import UNKNOWN, Entry
from assignments.services import access
from assignments.services.absences import away_now
from assignments.services.bulk.allocation import (
    GONE,
    NOT_YOURS,
    away_until,
    is_decision,
    may_move,
)
from assignments.services.bulk.unmoved import stays_since


class Standing(NamedTuple):
    """How a lead stands, as far as a plan cares."""

    lead_id: int
    owner_id: int | None
    owner_is_known: bool
    is_gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """How things stand for some leads of a plan."""

    plan: SavedPlan
    members: dict[int, Member]
    away: dict[int, Coverage]
    pending: dict[int, dict[str, Assignment]]
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
        """An absence that the preview did not tell of."""
        known: list[int] = self.plan.summary.get("away", [])
        return None if member_id in known else self.away.get(member_id)

    def newest(self, lead_id: int) -> Assignment | None:
        """Where the lead is on its way to: what waits stands on what is being sent."""
        rows = self.pending.get(lead_id, {})
        return rows.get(State.WAITING) or rows.get(State.SENDING)


def scene_of(plan: SavedPlan, leads: Collection[int], *, at: datetime) -> Scene:
    pending: dict[int, dict[str, Assignment]] = {}
    for row in Assignment.objects.pending().filter(lead__in=leads):
        pending.setdefault(row.lead_id, {})[row.state] = row
    return Scene(
        plan=plan,
        members={member.pk: member for member in Member.objects.all()},
        away=away_now(at),
        pending=pending,
        later=_later(plan, leads),
        movable=access.movable_owners(plan.actor),
        choosable=frozenset(
            access.members_to_choose(plan.actor).values_list("pk", flat=True)
        ),
        stays=stays_since(plan, leads, at=at),
        at=at,
    )


def _later(plan: SavedPlan, leads: Collection[int]) -> dict[int, Assignment]:
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


def why_skip(scene: Scene, entry: Entry, lead: Standing) -> str:
    """Why this lead is left alone now; empty if it goes as the preview said."""
    if entry.to_id is None:
        return entry.reason
    to = scene.members[entry.to_id]
    if lead.is_gone:
        return GONE
    if not to.is_active:
        return f"{to} has been deactivated since the preview."
    if to.pk not in scene.choosable:
        return f"{to} is no longer in a team of {scene.plan.actor}."
    if coverage := scene.absence(to.pk):
        return f"{to} is {away_until(coverage)}, since the preview."
    if decided := _decided_since(scene, entry, lead):
        return decided
    if not may_move(scene.movable, lead.owner_id, is_known=lead.owner_is_known):
        return NOT_YOURS
    return _moved_since(entry, lead, scene) or scene.stays.get(lead.lead_id, "")


def _decided_since(scene: Scene, entry: Entry, lead: Standing) -> str:
    if later := scene.later.get(lead.lead_id):
        return f"{later.actor} decided later: it goes to {later.to}."
    newest = scene.newest(lead.lead_id)
    if newest is None:
        return ""
    to = scene.members[newest.to_id or 0]
    decided = is_decision(newest.cause, newest.batch_id, newest.urgency)
    if newest.to_id == entry.to_id and (decided or not _may_lapse(newest)):
        return f"It is already on its way to {to}."
    if newest.to_id != entry.to_id and decided and newest.pk != entry.reverses_id:
        return f"Another decision came first: it is on its way to {to}."
    return ""


def _may_lapse(row: Assignment) -> bool:
    """A rule's row gives way to whoever comes next: a decision does not rest on it."""
    return row.cause == Cause.ROUTING and row.state == State.WAITING


def _moved_since(entry: Entry, lead: Standing, scene: Scene) -> str:
    now_with = lead.owner_id if lead.owner_is_known else UNKNOWN
    pending = scene.pending.get(lead.lead_id, {}).values()
    is_being_sent = any(row.pk == entry.reverses_id for row in pending)
    if now_with == entry.shown_id or is_being_sent:
        return ""
    holder = scene.members[now_with] if now_with else "nobody"
    if now_with == UNKNOWN:
        return "Smartlead no longer says who has it."
    return f"It has moved since the preview: it is with {holder} now."
