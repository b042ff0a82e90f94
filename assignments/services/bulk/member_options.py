"""Members to whom a user may give leads, with what each has now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from assignments.models import Coverage, Member, User
from assignments.services.absences import absences_at
from assignments.services.access import choosable_members
from assignments.services.bulk import open_leads


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberOption:
    """A member to choose. `open` counts their open leads as Team does; `coming` is what
    pending changes add to that, or take away.
    """

    member: Member
    open: int
    coming: int = 0
    away: Coverage | None = None

    @property
    def load(self) -> str:
        capacity = self.member.capacity
        return f"{self.open}" if capacity is None else f"{self.open}/{capacity}"

    @property
    def words(self) -> str:
        """Return `20 of 30 open`; `20 open` without a capacity, or with one of 0. With
        `, 6 on the way` if pending changes bring them leads.
        """
        capacity = self.member.capacity
        has = f"{self.open} of {capacity} open" if capacity else f"{self.open} open"
        return f"{has}, {self.coming} on the way" if self.coming > 0 else has

    @property
    def shown_load(self) -> int:
        """Return the number of leads that `words` counts: open and on the way."""
        return self.open + max(self.coming, 0)

    @property
    def is_full(self) -> bool:
        capacity = self.member.capacity
        most = max(self.open, self.open + self.coming)
        return capacity is not None and most >= capacity

    @property
    def is_free(self) -> bool:
        """Return whether they are active, here, and have room for another lead."""
        return self.member.is_active and self.away is None and not self.is_full


def member_options(
    user: User, *, at: datetime, also: Iterable[int] = ()
) -> list[MemberOption]:
    """Return the active members to whom this user may give leads, and those of `also`.

    By name, and last those who are known by their id alone. `also` are ids of members
    that are chosen already: they are there even if inactive.
    """
    counts, coming = open_leads.owned_open_counts(), open_leads.coming_open_counts()
    away = absences_at(at)
    options = [
        MemberOption(
            member=member,
            open=counts[member.pk],
            coming=coming[member.pk],
            away=away.get(member.pk),
        )
        for member in choosable(user, also=also).select_related("team")
    ]
    return sorted(options, key=lambda option: not option.member.name)


def choosable(user: User, *, also: Iterable[int] = ()) -> QuerySet[Member]:
    """Return the members of `choosable_members`, and those whose ids are in `also`."""
    theirs = choosable_members(user)
    if not also:
        return theirs
    return Member.objects.filter(
        Q(pk__in=theirs.order_by().values("pk")) | Q(pk__in=also)
    )
