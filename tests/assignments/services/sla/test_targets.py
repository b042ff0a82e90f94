"""A change of targets, hours, days off or zones moves the answers that are open."""

from datetime import date, timedelta

import pytest

from assignments.models import DayOff, Lead, MemberHours, SlaTarget, WorkingHours
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.people import members
from assignments.services.sla import hours, recalculate, targets
from assignments.services.sla.policy import SlaPolicy
from assignments.services.time_zones import look_up_zone
from tests.factories import (
    MONDAY,
    make_campaign,
    make_category,
    make_lead,
    make_manager,
    make_member,
    make_target,
    make_user,
)

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
REPLY = MONDAY - HOUR  # at eight, before work
EMPTY = ((),) * 7
EARLY = (((0, 1440),),) * 7


def owed(**fields) -> Lead:
    return make_lead(answer_owed=True, answer_due_at=MONDAY, **fields)


def due(lead: Lead):
    lead.refresh_from_db()
    return lead.answer_due_at


def save(minutes=240, *, actor=None, target=None, **fields):
    values = {
        "campaign": None,
        "category": None,
        "in_working_hours": False,
        "at_breach": "tell",
    }
    return targets.save_target(
        actor=actor or make_manager(), minutes=minutes, target=target,
        **(values | fields),
    )  # fmt: skip


def default_hours(actor=None, **fields):
    values = {
        "week": EARLY,
        "country": "",
        "subdivision": "",
        "escalate_after": 60,
    }
    hours.set_hours(actor=actor or make_manager(), **(values | fields))


def member_hours(member, actor=None, **fields):
    values = {"week": None, "country": None, "subdivision": ""}
    hours.set_member_hours(
        actor=actor or make_manager(), member=member, **(values | fields)
    )


class TestTargets:
    def test_a_new_target_moves_open_answers(self):
        lead = owed()

        save(4 * 60)

        assert due(lead) == REPLY + 4 * HOUR

    def test_a_changed_target_moves_open_answers_again(self):
        lead = owed(campaign=make_campaign())

        save(4 * 60)
        specific = save(60, campaign=lead.campaign)
        assert due(lead) == REPLY + HOUR
        save(120, campaign=lead.campaign, target=specific)
        assert due(lead) == REPLY + 2 * HOUR
        targets.remove_target(actor=make_manager(), target=specific)
        assert due(lead) == REPLY + 4 * HOUR

    def test_without_a_target_no_answer_is_due(self):
        lead = owed()

        targets.remove_target(actor=make_manager(), target=make_target())

        assert due(lead) is None
        assert lead.answer_owed

    @pytest.mark.parametrize("minutes", [0, -1, targets.MOST_MINUTES + 1])
    def test_minutes_out_of_range_are_refused(self, minutes):
        with pytest.raises(AssignmentRefused, match="at least a minute"):
            save(minutes)

    def test_a_second_target_for_the_same_leads_is_refused(self):
        category = make_category()
        save(category=category)

        with pytest.raises(AssignmentRefused, match="already"):
            save(category=category)

    def test_a_target_removed_meanwhile_does_not_come_back(self):
        target, same = save(), SlaTarget.objects.get()
        targets.remove_target(actor=make_manager(), target=same)

        with pytest.raises(AssignmentRefused, match="has removed this target"):
            save(60, target=target)

        assert not SlaTarget.objects.exists()

    def test_are_kept_by_sales_managers(self):
        with pytest.raises(NotAllowed):
            save(actor=make_user())
        with pytest.raises(NotAllowed):
            targets.remove_target(actor=make_user(), target=make_target())

    def test_answers_beyond_the_first_chunk_follow_in_the_background(self, monkeypatch):
        monkeypatch.setattr(recalculate, "CHUNK", 2)
        leads = [owed() for _ in range(5)]

        save(120)
        at_once = [due(lead) for lead in leads]
        while recalculate.is_unfinished():
            recalculate.recalculate_chunk()

        assert at_once.count(REPLY + 2 * HOUR) == 2
        assert {due(lead) for lead in leads} == {REPLY + 2 * HOUR}

    def test_a_change_meanwhile_begins_from_the_start(self, monkeypatch):
        monkeypatch.setattr(recalculate, "CHUNK", 2)
        leads = [owed() for _ in range(5)]
        target = save(60)

        save(120, target=target)
        while recalculate.is_unfinished():
            recalculate.recalculate_chunk()

        assert {due(lead) for lead in leads} == {REPLY + 2 * HOUR}


class TestHours:
    @pytest.fixture(autouse=True)
    def _target(self):
        make_target(60, in_working_hours=True)

    def test_default_hours_move_open_answers(self):
        lead = owed()

        default_hours(week=EARLY)

        assert due(lead) == REPLY + HOUR

    def test_hours_of_a_member_move_their_answers_only(self):
        ana = make_member("Ana Sousa")
        theirs, other = owed(owner=ana), owed()

        member_hours(ana, week=EARLY)

        assert due(theirs) == REPLY + HOUR
        assert due(other) == MONDAY + HOUR

    def test_holidays_and_days_off_are_not_worked(self):
        lead, ana = owed(), make_member("Ana Sousa")
        theirs = owed(owner=ana)
        holiday = MONDAY.date()

        added = hours.add_day_off(actor=make_manager(), day=holiday, name="Party")
        assert due(lead) == due(theirs) == MONDAY + 25 * HOUR
        hours.remove_day_off(actor=make_manager(), day_off=added)
        assert due(lead) == MONDAY + HOUR

    def test_a_member_has_the_holidays_of_their_own_country(self):
        ana = make_member("Ana Sousa")
        midsummer = MONDAY.replace(month=10, day=26, hour=6)  # Austria's national day
        theirs = owed(owner=ana, last_reply_at=midsummer)
        other = owed(last_reply_at=midsummer)

        member_hours(ana, country="AT")

        assert due(theirs) == midsummer + 28 * HOUR
        assert due(other) == midsummer + 4 * HOUR

    def test_a_move_to_another_zone_moves_open_answers(self):
        ana = make_member("Ana Sousa")
        lead = owed(owner=ana)

        members.edit_member(
            actor=make_manager(), member=ana, name="Ana", email="", team=None,
            user=None, is_active=True, capacity=None, time_zone="America/New_York",
        )  # fmt: skip

        assert due(lead) == MONDAY + 5 * HOUR  # ten o'clock over there

    @pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Europe"])
    def test_a_lost_zone_is_the_one_of_the_site(self, zone):
        ana = make_member("Ana Sousa", time_zone=zone)

        assert look_up_zone(zone).is_lost
        assert SlaPolicy().calendar_of(ana.pk).zone.key == "UTC"

    def test_a_country_that_is_not_known_any_more_has_no_holidays(self):
        WorkingHours.objects.create(country="XX")
        lead = owed()

        recalculate.recalculate_all()

        assert due(lead) == MONDAY + HOUR

    @pytest.mark.parametrize(
        ("week", "why"),
        [
            (EMPTY, "at least one day"),
            ((((600, 540),),) * 7, "Monday: hours begin before they end"),
            ((((540, 1441),),) * 7, "Monday: hours begin before they end"),
            ((((540, 720), (700, 900)),) * 7, "Monday: hours follow each other"),
        ],
        ids=["no hours", "ends first", "beyond midnight", "overlapping"],
    )
    def test_weeks_that_make_no_sense_are_refused(self, week, why):
        ana = make_member("Ana Sousa")

        with pytest.raises(AssignmentRefused, match=why):
            default_hours(week=week)
        with pytest.raises(AssignmentRefused, match=why):
            member_hours(ana, week=week)

        assert not MemberHours.objects.exists()

    @pytest.mark.parametrize("place", [("XX", ""), ("DE", "XX")])
    def test_places_without_known_holidays_are_refused(self, place):
        country, subdivision = place

        with pytest.raises(AssignmentRefused):
            default_hours(country=country, subdivision=subdivision)

    def test_a_day_is_off_once(self):
        DayOff.objects.create(day=date(2026, 12, 24))

        with pytest.raises(AssignmentRefused, match="24 December 2026"):
            hours.add_day_off(actor=make_manager(), day=date(2026, 12, 24), name="")

    def test_are_kept_by_sales_managers(self):
        user, ana = make_user(), make_member()
        day_off = DayOff.objects.create(day=date(2026, 12, 24))

        for act in (
            lambda: default_hours(actor=user),
            lambda: member_hours(ana, actor=user),
            lambda: hours.add_day_off(actor=user, day=date(2026, 1, 1), name=""),
            lambda: hours.remove_day_off(actor=user, day_off=day_off),
        ):
            with pytest.raises(NotAllowed):
                act()


def test_the_default_stands_beside_the_special_ones():
    make_target(1, campaign=make_campaign())
    make_target(2)

    assert SlaTarget.objects.count() == 2
