"""The SLA policy: targets, working hours and days off as they are set."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from assignments.models import (
    Account,
    DayOff,
    Member,
    MemberHours,
    SlaTarget,
    WorkingHours,
)
from assignments.services.sla.days_off import DaysOff
from assignments.services.sla.working_time import Week, WorkingCalendar
from assignments.services.time_zones import zone_or_default

_CALENDAR_FIELDS = ("time_zone", "hours__week", "hours__country", "hours__subdivision")

type TargetKey = tuple[int | None, int | None]  # campaign id, category id


class SlaPolicy:
    """Targets and calendars, each read once, when first asked for.

    A page of leads costs five queries, or three if no target counts working hours.
    """

    def __init__(self) -> None:
        self._calendars: dict[int | None, WorkingCalendar] = {}

    @cached_property
    def targets(self) -> Mapping[TargetKey, SlaTarget]:
        targets = SlaTarget.objects.select_related("campaign", "category")
        return {(target.campaign_id, target.category_id): target for target in targets}

    def target_for(
        self, *, campaign_id: int | None, category_id: int | None
    ) -> SlaTarget | None:
        """Return the most specific target, or None if none applies.

        In this order: campaign and category, campaign, category, all leads.
        """
        for key in (
            (campaign_id, category_id),
            (campaign_id, None),
            (None, category_id),
            (None, None),
        ):
            if key in self.targets:
                return self.targets[key]
        return None

    def calendar_of(self, member_id: int | None) -> WorkingCalendar:
        """Return a member's calendar; the default one for None or an unknown member.

        What the member has not set for themselves is as by default.
        """
        key = member_id if member_id in self._members else None
        if key not in self._calendars:
            self._calendars[key] = self._build_calendar(key)
        return self._calendars[key]

    @cached_property
    def answers_count_from(self) -> datetime | None:
        return answers_count_from()

    @cached_property
    def hours(self) -> WorkingHours:
        return default_hours()

    @cached_property
    def _extra_days_off(self) -> frozenset[date]:
        return frozenset(DayOff.objects.values_list("day", flat=True))

    @cached_property
    def _members(self) -> Mapping[int | None, Member]:
        known = (
            Member.objects.select_related("hours").order_by().only(*_CALENDAR_FIELDS)
        )
        return {member.pk: member for member in known}

    def _build_calendar(self, member_id: int | None) -> WorkingCalendar:
        own = self._own_hours(member_id)
        return WorkingCalendar(
            zone=member_zone(self._members.get(member_id)),
            week=week_from_lists(self.hours.week if own.week is None else own.week),
            off=self.days_off_of(member_id),
        )

    def days_off_of(self, member_id: int | None) -> DaysOff:
        """Return the holidays of a member's own place and the extra days.

        The default place if they have none (country None), for None or an unknown
        member.
        """
        place: WorkingHours | MemberHours = self._own_hours(member_id)
        if place.country is None:
            place = self.hours
        return DaysOff(place.country or "", place.subdivision, self._extra_days_off)

    def _own_hours(self, member_id: int | None) -> MemberHours:
        member = self._members.get(member_id)
        return member_hours(member) if member else MemberHours()


def answers_count_from() -> datetime | None:
    """Return the moment from which replies have a time to be answered; None: all have.

    It is when Handoff was connected; what was unanswered before is nobody's delay.
    """
    known = Account.objects.filter(pk=1).values_list("answers_count_from", flat=True)
    return known.first()


def default_hours() -> WorkingHours:
    """Return the hours of members without their own (row 1), created if there is none."""
    return WorkingHours.objects.get_or_create(pk=1)[0]


def member_hours(member: Member) -> MemberHours:
    """Return the member's own hours; without any an unsaved row in which week and
    country are None, that is as by default.
    """
    own: MemberHours | None = getattr(member, "hours", None)
    return own or MemberHours(member=member)


def member_zone(member: Member | None) -> ZoneInfo:
    """Return the member's time zone; that of the settings for None, or if it is empty
    or unknown.
    """
    return zone_or_default(member.time_zone if member else "")


def week_from_lists(lists: Iterable[Iterable[Iterable[int]]]) -> Week:
    """Return a week as tuples from the lists in which the database keeps it: for each
    day its pairs of minutes.
    """
    return tuple(tuple((a, b) for a, b in day) for day in lists)
