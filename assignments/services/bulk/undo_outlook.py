"""Leads that cannot go back to who had them: one count for the preview and the undo."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from django.db import models

from assignments.models import Member, SavedPlan, User
from assignments.models.plan import UNKNOWN
from assignments.services import access


class NoWayBack(models.TextChoices):
    """The reason why a change of owner cannot be undone as things are."""

    NOBODY = "nobody", "had no owner before"
    NOT_KNOWN = "not_known", "had an owner whom Handoff does not know"
    DEACTIVATED = "deactivated", "came from somebody who has been deactivated"
    OTHER_TEAM = "other_team", "came from somebody who is in none of your teams"


def no_way_back(
    previous_id: int | None,
    *,
    is_known: bool,
    members: Mapping[int, Member],
    choosable: Container[int],
) -> NoWayBack | None:
    """Return why a lead cannot go back to its previous owner; None if it can.

    `previous_id` None: nobody had it. `choosable`: ids of the members to whom the actor
    may give leads.
    """
    if not is_known:
        return NoWayBack.NOT_KNOWN
    if previous_id is None:
        return NoWayBack.NOBODY
    if not members[previous_id].is_active:
        return NoWayBack.DEACTIVATED
    return None if previous_id in choosable else NoWayBack.OTHER_TEAM


@dataclass(frozen=True, slots=True)
class UndoOutlook:
    """The number of leads of a change, and of those that could not go back.

    `leavers`: leads that go back once `leaver`, whom the change deactivates, is active
    again. They are not `stuck`.
    """

    total: int
    stuck: Counter[NoWayBack] = field(default_factory=Counter)
    leaver: Member | None = None
    leavers: int = 0

    @classmethod
    def of_plan(
        cls, plan: SavedPlan, *, actor: User, without: Container[int] = ()
    ) -> Self:
        """Return the outlook for the leads that the plan moves; not those `without`."""
        shown = (
            entry.shown_id
            for entry in plan.entries()
            if entry.to_id is not None and entry.lead_id not in without
        )
        leaver = plan.leaver if plan.deactivates_leaver else None
        return cls.of_owners(shown, actor=actor, leaver=leaver)

    @classmethod
    def of_owners(
        cls,
        owner_ids: Iterable[int | None],
        *,
        actor: User,
        leaver: Member | None = None,
    ) -> Self:
        """Return the outlook for leads of these owners: None nobody, UNKNOWN unsaid.

        `leaver`: the member whom the change deactivates.
        """
        counts = Counter(owner_ids)
        members = Member.objects.in_bulk([pk for pk in counts if pk])
        if leaver is not None and leaver.pk in members:
            members[leaver.pk].is_active = False  # as the undo will find them
        choosable = access.choosable_members(actor).values_list("pk", flat=True)
        theirs = frozenset(choosable)
        stuck: Counter[NoWayBack] = Counter()
        leavers = 0
        for pk, count in counts.items():
            is_known = pk != UNKNOWN
            why = no_way_back(pk, is_known=is_known, members=members, choosable=theirs)
            if why == NoWayBack.DEACTIVATED and leaver is not None and pk == leaver.pk:
                leavers = count
            elif why is not None:
                stuck[why] += count
        return cls(counts.total(), stuck, leaver, leavers)

    @property
    def going_back(self) -> int:
        return self.total - self.stuck.total()

    @property
    def _once(self) -> str:
        """Return after what the leads can go back, with a space before; often empty."""
        if not self.leavers:
            return ""
        some = "" if self.leavers == self.going_back else f", {self.leavers:,} of them"
        return f"{some} once {self.leaver} is activated again"

    @property
    def sentence(self) -> str:
        """Return how many leads can go back, after what, and why the others cannot."""
        if not self.stuck:
            return (
                f"You can undo it{self._once}."
                if self.total == 1
                else f"All {self.total:,} can be undone together{self._once}."
            )
        whys = [why for why in NoWayBack if self.stuck[why]]
        if self.total == 1:
            return f"This cannot be undone: the lead {whys[0].label}."
        is_one = self.stuck.total() == 1
        stay = "stays with whom it goes to" if is_one else "stay with whom they go to"
        reasons = " and ".join(f"{self.stuck[why]:,} {why.label}" for why in whys)
        if not self.going_back:
            reasons = f"all {reasons}" if len(whys) == 1 else reasons
            return f"None of the {self.total:,} can be undone: {reasons}."
        can = f"{self.going_back:,} of {self.total:,} can be undone{self._once}"
        return f"{can}; {reasons} and {stay}."
