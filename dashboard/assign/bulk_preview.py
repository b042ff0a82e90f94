"""The preview of a saved plan: who gets how many and why, who stays, the cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.functional import cached_property

from assignments.models import Lead, Member, SavedPlan
from assignments.models.assignment import Cause
from assignments.models.plan import PlanEntry
from assignments.services.bulk import plans
from assignments.services.bulk.call_estimates import CallEstimate
from assignments.services.bulk.revalidation import PlanChanges
from assignments.services.bulk.undo_outlook import UndoOutlook
from assignments.services.sight import visible_leads
from dashboard.templatetags.handoff import counted

MINUS = "\N{MINUS SIGN}"
SHOWN = 50  # leads on one page of a preview
UNCHANGED = PlanChanges({})


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadChange:
    """A member's open leads before and after, drawn against the capacity."""

    member: Member
    before: int
    after: int
    widest: int

    @property
    def change(self) -> int:
        return self.after - self.before

    @property
    def words(self) -> str:
        """Return `3 open now, 5 after, capacity 50`; the last part only if there is a
        capacity above 0.
        """
        capacity = self.member.capacity
        until = f", capacity {capacity}" if capacity else ""
        return f"{self.before} open now, {self.after} after{until}"

    @property
    def change_words(self) -> str:
        """Return the change of open leads with its sign and commas, such as `+1,204`;
        `0` for none.

        A loss has MINUS, a real minus sign, instead of a hyphen.
        """
        return f"{self.change:+,}".replace("-", MINUS) if self.change else "0"

    @property
    def is_over(self) -> bool:
        capacity = self.member.capacity
        return capacity is not None and self.after > max(capacity, self.before)

    @property
    def kept(self) -> int:
        return min(self.before, self.after)

    @property
    def grown(self) -> int:
        return max(self.after - self.before, 0)

    @property
    def shrunk(self) -> int:
        return max(self.before - self.after, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StayGroup:
    why: str
    count: int
    leads: list[Lead]

    @property
    def more_words(self) -> str:
        """Return `and 1,204 more` for leads besides the named ones, or `3 leads` if
        none is named. Empty if all are named.
        """
        more = self.count - len(self.leads)
        if not more:
            return ""
        return f"and {intcomma(more)} more" if self.leads else counted(more, "lead")


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveGroup:
    lead: Lead
    to: Member
    shown: Member | None
    is_known: bool
    reason: str


class PlanPreview:
    def __init__(
        self, plan: SavedPlan, *, start: int = 0, changes: PlanChanges = UNCHANGED
    ) -> None:
        self.plan = plan
        self.changes = changes
        self.start = min(start, max(self.moving - 1, 0))
        self.members = {member.pk: member for member in Member.objects.all()}

    @property
    def home(self) -> str:
        """Return the address of the page on which such a plan is made: leaving (of the
        member), levelling, or assigning many.
        """
        if self.plan.leaver_id:
            return reverse("leaving", args=[self.plan.leaver_id])
        return reverse("rebalance" if self._is_rebalance else "assign_many")

    @property
    def has_own_page(self) -> bool:
        """Return True for plans of somebody who leaves and of levelling, which other
        pages make and show.
        """
        return self.plan.leaver_id is not None or self._is_rebalance

    @property
    def _is_rebalance(self) -> bool:
        return self.plan.cause == Cause.REBALANCE

    @property
    def address(self) -> str:
        """Return the address of this preview: `home` with the plan's id as `plan`."""
        return f"{self.home}?plan={self.plan.pk}"

    @property
    def shown(self) -> str:
        """Return `address` with `#plan`, which scrolls past the form to the plan
        itself.
        """
        return f"{self.address}#plan"

    @property
    def moving(self) -> int:
        return self.plan.moving - self.changes.count

    @property
    def staying(self) -> int:
        return self.plan.total - self.plan.moving

    @cached_property
    def estimate(self) -> CallEstimate:
        return CallEstimate.of(self.moving, with_notes=bool(self.plan.note))

    @cached_property
    def undo_sentence(self) -> str:
        """Return how many of the leads that move can go back, and why others cannot."""
        actor, changed = self.plan.actor, self.changes.why
        return UndoOutlook.of_plan(self.plan, actor=actor, without=changed).sentence

    @cached_property
    def moves(self) -> list[MoveGroup]:
        pairs = plans.moving_leads(
            self.plan, start=self.start, count=SHOWN, without=self.changes.why
        )
        return [self._move(entry, lead) for entry, lead in pairs]

    def _move(self, entry: PlanEntry, lead: Lead) -> MoveGroup:
        return MoveGroup(
            lead=lead,
            to=self.members[entry.to_id or 0],
            shown=self.members.get(entry.shown_id or 0),
            is_known=entry.shown_id != 0,
            reason=entry.reason,
        )

    @property
    def first(self) -> int:
        return self.start + 1

    @property
    def last(self) -> int:
        return self.start + len(self.moves)

    @property
    def earlier(self) -> int | None:
        return max(self.start - SHOWN, 0) if self.start else None

    @property
    def later(self) -> int | None:
        return self.last if self.last < self.moving else None

    @cached_property
    def loads(self) -> list[LoadChange]:
        said = self.plan.summary.get("members", [])
        known = [one for one in said if one["id"] in self.members]
        return [
            LoadChange(
                member=self.members[one["id"]],
                before=max(one["before"], 0),
                after=max(one["after"], 0),
                widest=self._widest(known),
            )
            for one in known
        ]

    def _widest(self, said: Iterable[dict[str, int]]) -> int:
        counts = [
            max(one["before"], one["after"], self.members[one["id"]].capacity or 0)
            for one in said
        ]
        return ceil(1.05 * max([1, *counts]))  # so that the line at the end is seen

    @cached_property
    def stays(self) -> list[StayGroup]:
        return self._stays(self.plan.summary.get("stays", []))

    @cached_property
    def changed(self) -> list[StayGroup]:
        """Return the leads that changed since the preview in groups, the most frequent
        reason first. Each group names a few of its leads; rare reasons are one last
        group that names none.
        """
        return self._stays(plans.group_by_reason(self.changes.why.items()))

    @property
    def over(self) -> list[LoadChange]:
        return [load for load in self.loads if load.is_over]

    @property
    def has_capacities(self) -> bool:
        """Return whether anybody in the loads has a capacity, and so a line."""
        return any(load.member.capacity for load in self.loads)

    @property
    def held(self) -> int:
        held: int = self.plan.summary.get("held", 0)
        return held

    @property
    def uncounted(self) -> int:
        """Return how many leads that are closed or never replied go to members with a
        capacity, in which they do not count; 0 if the plan has not saved it.
        """
        uncounted: int = self.plan.summary.get("uncounted", 0)
        return uncounted

    @property
    def quiet(self) -> int:
        """Return how many leads move that are closed or never replied."""
        quiet: int = self.plan.summary.get("quiet", 0)
        return quiet

    @property
    def away(self) -> list[Member]:
        ids = self.plan.summary.get("away", [])
        return [self.members[pk] for pk in ids if pk in self.members]

    def _stays(self, groups: list[dict[str, Any]]) -> list[StayGroup]:
        named = {pk for group in groups for pk in group["leads"]}
        known = visible_leads(self.plan.actor).in_bulk(list(named))
        return [
            StayGroup(
                why=group["why"],
                count=group["count"],
                leads=[known[pk] for pk in group["leads"] if pk in known],
            )
            for group in groups
        ]
