"""Members to whom a lead may be given, with their open leads."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from assignments.models import Coverage, Lead, Member, User
from assignments.services.absences import absences_at
from assignments.services.access import choosable_members


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberOption:
    member: Member
    open: int  # leads that replied and are not closed
    away: Coverage | None = None

    @property
    def load(self) -> str:
        capacity = self.member.capacity
        return f"{self.open}" if capacity is None else f"{self.open}/{capacity}"

    @property
    def is_full(self) -> bool:
        return self.member.capacity is not None and self.open >= self.member.capacity


def member_choices(user: User, *, also: Iterable[int] = ()) -> list[MemberOption]:
    """Return the active members to whom this user may give leads, and those of `also`.

    Each comes with its number of open leads and its running absence or None. `also` are
    ids of members that are chosen already: they are there even if inactive.
    """
    owned = Lead.objects.open().filter(owner__isnull=False).order_by()
    counts = owned.values_list("owner").annotate(open=Count("pk"))
    loads: dict[int | None, int] = dict(counts)
    away = absences_at(timezone.now())
    return [
        MemberOption(
            member=member,
            open=loads.get(member.pk, 0),
            away=away.get(member.pk),
        )
        for member in choosable(user, also=also).select_related("team")
    ]


def choosable(user: User, *, also: Iterable[int] = ()) -> QuerySet[Member]:
    theirs = choosable_members(user)
    if not also:
        return theirs
    return Member.objects.filter(
        Q(pk__in=theirs.order_by().values("pk")) | Q(pk__in=also)
    )
