"""The targets and hours as they are set, read once for any number of leads."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo

from assignments.models import DayOff, Member, MemberHours, SlaTarget, WorkingHours
from assignments.services.sla.days_off import DaysOff
from assignments.services.sla.working_time import Calendar, Week
from assignments.services.time_zones import zone_named

# Of a member, for a calendar.
_READ = ("time_zone", "hours__week", "hours__country", "hours__subdivision")

type Key = tuple[int | None, int | None]


class Book:
    """Each part is read when it is first asked for: a page of leads costs four queries,
    and two where no target counts working hours.
    """

    def __init__(self) -> None:
        self._calendars: dict[int | None, Calendar] = {}

    @cached_property
    def targets(self) -> Mapping[Key, SlaTarget]:
        found = SlaTarget.objects.select_related("campaign", "category")
        return {(one.campaign_id, one.category_id): one for one in found}

    def target_for(
        self, *, campaign_id: int | None, category_id: int | None
    ) -> SlaTarget | None:
        """The most specific one: campaign and category, campaign, category, all."""
        for key in (
            (campaign_id, category_id),
            (campaign_id, None),
            (None, category_id),
            (None, None),
        ):
            if key in self.targets:
                return self.targets[key]
        return None

    def calendar_of(self, member_id: int | None) -> Calendar:
        """Whose leads are nobody's, or somebody's without hours: as for everybody."""
        place = member_id if member_id in self._members else None
        if place not in self._calendars:
            self._calendars[place] = self._calendar(place)
        return self._calendars[place]

    @cached_property
    def hours(self) -> WorkingHours:
        return default_hours()

    @cached_property
    def _extra(self) -> frozenset[date]:
        return frozenset(DayOff.objects.values_list("day", flat=True))

    @cached_property
    def _members(self) -> Mapping[int | None, Member]:
        known = Member.objects.select_related("hours").order_by().only(*_READ)
        return {member.pk: member for member in known}

    def _calendar(self, member_id: int | None) -> Calendar:
        own = self._own(member_id)
        return Calendar(
            zone=zone_of(self._members.get(member_id)),
            week=week_of(self.hours.week if own.week is None else own.week),
            off=self.days_off_of(member_id),
        )

    def days_off_of(self, member_id: int | None) -> DaysOff:
        place: WorkingHours | MemberHours = self._own(member_id)
        if place.country is None:
            place = self.hours
        return DaysOff(place.country or "", place.subdivision, self._extra)

    def _own(self, member_id: int | None) -> MemberHours:
        member = self._members.get(member_id)
        return own_hours(member) if member else MemberHours()


def default_hours() -> WorkingHours:
    return WorkingHours.objects.get_or_create(pk=1)[0]


def own_hours(member: Member) -> MemberHours:
    """Their own, or such as change nothing."""
    own: MemberHours | None = getattr(member, "hours", None)
    return own or MemberHours(member=member)


def zone_of(member: Member | None) -> ZoneInfo:
    return zone_named(member.time_zone if member else "")


def week_of(kept: Iterable[Iterable[Iterable[int]]]) -> Week:
    """As the database keeps it: lists of lists."""
    return tuple(tuple((a, b) for a, b in day) for day in kept)
