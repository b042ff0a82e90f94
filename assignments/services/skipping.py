"""Why a lead of a plan is left alone by now, although the preview would move it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from assignments.models import Assignment, Coverage, Lead, Member, SavedPlan
from assignments.models.assignment import AUTOMATIC, PERSONAL, Cause, State
from assignments.models.plan import UNKNOWN, Entry
from assignments.services import access
from assignments.services.coverage.absences import away_now
from assignments.services.proposing import GONE, NOT_YOURS, away_until, may_move


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """How things stand for some leads of a plan."""

    plan: SavedPlan
    leads: Mapping[int, Lead]
    members: dict[int, Member]
    away: dict[int, Coverage]
    pending: dict[int, dict[str, Assignment]]
    # Leads about which a person decided after this plan was confirmed: the decision.
    later: dict[int, Assignment]
    movable: frozenset[int | None] | None
    choosable: frozenset[int]
    at: datetime

    @property
    def confirmed_at(self) -> datetime:
        assert self.plan.confirmed_at is not None  # noqa: S101  only then it is written
        return self.plan.confirmed_at

    def absence(self, member_id: int) -> Coverage | None:
        """An absence that the preview did not tell of."""
        known: list[int] = self.plan.summary.get("away", [])
        if self.plan.cause == Cause.UNDO or member_id in known:
            return None
        return self.away.get(member_id)


def scene_of(plan: SavedPlan, leads: Mapping[int, Lead], *, at: datetime) -> Scene:
    pending: dict[int, dict[str, Assignment]] = {}
    for row in Assignment.objects.pending().filter(lead__in=list(leads)):
        pending.setdefault(row.lead_id, {})[row.state] = row
    return Scene(
        plan=plan,
        leads=leads,
        members={member.pk: member for member in Member.objects.all()},
        away=away_now(at),
        pending=pending,
        later=_later(plan, leads),
        movable=access.movable_owners(plan.actor),
        choosable=frozenset(
            access.members_to_choose(plan.actor).values_list("pk", flat=True)
        ),
        at=at,
    )


def _later(plan: SavedPlan, leads: Mapping[int, Lead]) -> dict[int, Assignment]:
    if plan.confirmed_at is None:
        return {}
    rows = Assignment.objects.filter(
        lead__in=list(leads), created_at__gt=plan.confirmed_at, cause__in=PERSONAL
    ).exclude(state__in=(State.SKIPPED, State.CANCELLED))
    return {row.lead_id: row for row in rows.select_related("actor", "to")}


def why_skip(scene: Scene, entry: Entry, lead: Lead) -> str:
    """Why this lead is left alone now; empty if it goes as the preview said."""
    if entry.to_id is None:
        return entry.reason
    to = scene.members[entry.to_id]
    if lead.gone_at:
        return GONE
    if not to.is_active:
        return f"{to} has been deactivated since the preview."
    if to.pk not in scene.choosable and scene.plan.cause != Cause.UNDO:
        return f"{to} is no longer in a team of {scene.plan.actor}."
    if coverage := scene.absence(to.pk):
        return f"{to} is {away_until(coverage)}, since the preview."
    if decided := _decided_since(scene, entry, lead):
        return decided
    if not may_move(scene.movable, lead.owner_id, is_known=lead.owner_is_known):
        return NOT_YOURS
    return _moved_since(entry, lead, scene)


def _decided_since(scene: Scene, entry: Entry, lead: Lead) -> str:
    if later := scene.later.get(lead.pk):
        return f"{later.actor} decided later: it goes to {later.to}."
    for row in scene.pending.get(lead.pk, {}).values():
        to = scene.members[row.to_id or 0]
        if row.to_id == entry.to_id:
            return f"It is already on its way to {to}."
        if row.cause not in AUTOMATIC and row.pk != entry.reverses_id:
            return f"Another decision came first: it is on its way to {to}."
    return ""


def _moved_since(entry: Entry, lead: Lead, scene: Scene) -> str:
    now_with = lead.owner_id if lead.owner_is_known else UNKNOWN
    is_being_sent = entry.reverses_id is not None and lead.pk in scene.pending
    if now_with == entry.shown_id or is_being_sent:
        return ""
    holder = scene.members[now_with] if now_with else "nobody"
    if now_with == UNKNOWN:
        return "Smartlead no longer says who has it."
    return f"It has moved since the preview: it is with {holder} now."
