"""What is overdue is told once, then to those who lead, and may move on."""

from datetime import timedelta

import pytest

from assignments.models import Assignment, Breach, Notification, Suggestion
from assignments.models.assignment import Cause, State, Urgency
from assignments.models.notification import NotificationKind
from assignments.services.breaches import detect, messages
from assignments.services.operations.tick import tick
from assignments.services.routing.suggestions import accept_suggestion
from assignments.services.sla import recalculate
from assignments.services.sla.targets import save_target
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_absence,
    make_assignment,
    make_coverage,
    make_hold,
    make_lead,
    make_manager,
    make_member,
    make_target,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def team():
    return make_team(leads=(make_user("Tia Lead"),))


@pytest.fixture
def ben(team):
    return make_member("Ben Okafor", team=team, user=make_user("Ben Okafor"))


@pytest.fixture
def tom(team):
    return make_member("Tom Whelan", team=team)


def overdue(owner, name="Lena Lead", **fields):
    values = {"answer_owed": True, "answer_due_at": MONDAY - HOUR}
    return make_lead(name, owner=owner, **(values | fields))


def told(user) -> list[str]:
    overdue = user.notifications.filter(kind=NotificationKind.OVERDUE)
    return list(overdue.order_by("pk").values_list("subject", flat=True))


class TestNotifyOwners:
    def test_the_owner_is_told_once(self, ben):
        lead = overdue(ben, company="Nordfrost")

        tick(at=MONDAY)
        tick(at=MONDAY + timedelta(minutes=1))

        one = ben.user.notifications.get()
        assert one.subject == "Your answer to Lena Lead is overdue"
        assert one.text == "Lena Lead (Nordfrost): due Mon 11 May, 08:00"
        assert one.path == "/inbox/?sla=overdue&owner=me"
        assert lead.breaches.get().owner == ben

    def test_many_leads_are_one_message(self, ben):
        for number in range(messages.MOST_NAMED + 3):
            overdue(ben, f"Lead {number}")

        tick(at=MONDAY)

        one = ben.user.notifications.get()
        assert one.subject == "23 of your answers are overdue"
        assert one.text.endswith("and 3 more")

    def test_an_owner_without_a_login_is_mailed(self, postbox):
        ida = make_member("Ida Iversen", email="ida@example.com")
        overdue(ida)

        tick(at=MONDAY)

        assert ida.notifications.get().subject == "Your answer to Lena Lead is overdue"

    def test_a_backlog_is_one_message_for_each(self, monkeypatch):
        monkeypatch.setattr(detect, "MOST", 3)
        owners = [make_member(name, user=make_user(name)) for name in "ABC"]
        for hours in range(9):
            overdue(owners[hours % 3], answer_due_at=MONDAY - (hours + 1) * HOUR)

        for minute in range(4):
            detect.tick(at=MONDAY + timedelta(minutes=minute))

        assert [len(told(one.user)) for one in owners] == [1, 1, 1]

    def test_a_name_with_line_breaks_stays_on_one_line(self, ben):
        overdue(ben, first_name="Eve\nYour password expired")

        tick(at=MONDAY)

        assert "\n" not in ben.user.notifications.get().text

    def test_a_new_reply_that_is_overdue_is_told_again(self, ben):
        lead = overdue(ben)
        tick(at=MONDAY)
        lead.last_reply_at = MONDAY + HOUR
        lead.answer_due_at = MONDAY + 2 * HOUR
        lead.save()

        tick(at=MONDAY + 3 * HOUR)

        assert len(told(ben.user)) == 2

    @pytest.mark.parametrize(
        "fields",
        [
            {"answer_owed": False, "answer_due_at": None},
            {"answer_due_at": MONDAY + HOUR},
            {"answer_due_at": None},
            {"gone_at": MONDAY - HOUR},
        ],
        ids=["answered", "due later", "never due", "gone"],
    )
    def test_nobody_is_told_of(self, fields, ben):
        overdue(ben, **fields)

        tick(at=MONDAY)

        assert told(ben.user) == []

    def test_a_tick_that_finds_nothing_asks_little(self, django_assert_num_queries):
        with django_assert_num_queries(4):
            detect.tick(at=MONDAY)

    def test_fifty_leads_ask_no_more_than_one(self, ben):
        make_target(60, in_working_hours=True)
        overdue(ben)
        one = queries_of(lambda: detect.tick(at=MONDAY))
        for _ in range(50):
            overdue(ben)

        assert queries_of(lambda: detect.tick(at=MONDAY)) <= one


class TestTeamLeads:
    def test_are_told_after_an_hour_of_the_owners_work(self, ben, team):
        lead = overdue(ben)
        leader = team.team_leads.get()

        tick(at=MONDAY)
        tick(at=MONDAY + HOUR - timedelta(minutes=1))
        assert told(leader) == []
        tick(at=MONDAY + HOUR)
        tick(at=MONDAY + 2 * HOUR)

        assert told(leader) == [
            "The answer to Lena Lead is still overdue, with Ben Okafor"
        ]
        assert leader.notifications.get(kind=NotificationKind.OVERDUE).path == (
            f"/inbox/?sla=overdue&owner={ben.pk}"
        )
        assert lead.breaches.get().escalated_at == MONDAY + HOUR

    def test_hear_who_has_it_by_now(self, ben, tom, team):
        lead = overdue(ben)
        tick(at=MONDAY)
        lead.owner = tom
        lead.save()

        tick(at=MONDAY + HOUR)

        assert told(team.team_leads.get())[0].endswith("with Tom Whelan")

    def test_hear_nothing_of_what_was_answered_by_then(self, ben, team):
        lead = overdue(ben)
        tick(at=MONDAY)
        lead.answer_owed, lead.answer_due_at = False, None
        lead.save()

        tick(at=MONDAY + HOUR)

        assert told(team.team_leads.get()) == []
        assert lead.breaches.get().escalate_at is None

    def test_hear_of_it_after_the_time_that_was_added(self, ben, team):
        lead = overdue(ben)
        tick(at=MONDAY)
        lead.answer_due_at = MONDAY + 3 * HOUR
        lead.save()

        tick(at=MONDAY + 2 * HOUR)
        tick(at=MONDAY + 3 * HOUR)
        too_early = told(team.team_leads.get())
        tick(at=MONDAY + 4 * HOUR)

        assert too_early == []
        assert len(told(team.team_leads.get())) == 1

    def test_are_the_sales_managers_where_nobody_leads(self):
        sara = make_manager()
        overdue(None)

        tick(at=MONDAY)
        tick(at=MONDAY + HOUR)

        assert told(sara) == ["The answer to Lena Lead is still overdue, with nobody"]

    def test_a_team_lead_does_not_answer_to_themselves(self, team):
        leader, sara = team.team_leads.get(), make_manager()
        overdue(make_member("Tia Lead", team=team, user=leader))

        tick(at=MONDAY)
        tick(at=MONDAY + HOUR)

        assert len(told(leader)) == len(told(sara)) == 1


class TestReassigning:
    @pytest.fixture(autouse=True)
    def _target(self):
        make_target(60, at_breach="reassign")

    def test_goes_to_the_least_busy_of_the_team(self, ben, tom, team):
        make_lead(owner=tom)
        ida = make_member("Ida Iversen", team=team)
        make_member("Eve Elsewhere")
        lead = overdue(ben)

        tick(at=MONDAY)

        row = lead.assignments.get()
        assert (row.to, row.state, row.cause) == (ida, State.WAITING, Cause.ROUTING)
        assert row.urgency == Urgency.RULE
        assert row.reason == (
            "Ben Okafor had until Mon 11 May, 08:00 to answer. Given instead to Ida "
            "Iversen: least busy of 2, 0 open."
        )
        assert "given to Ida Iversen" in ben.user.notifications.get().text

    def test_never_to_somebody_away_inactive_or_who_let_it_slip(self, ben, tom, team):
        make_absence(tom)
        make_member("Ina Inactive", team=team, is_active=False)
        slipped = make_member("Sid Slipped", team=team)
        lead = overdue(ben)
        Breach.objects.create(
            lead=lead,
            reply_at=MONDAY - 50 * HOUR,
            due_at=MONDAY - 49 * HOUR,
            found_at=MONDAY - 49 * HOUR,
            owner=slipped,
        )

        tick(at=MONDAY)

        assert not lead.assignments.exists()

    def test_happens_once(self, ben, tom):
        lead = overdue(ben)
        tick(at=MONDAY)
        row = lead.assignments.get()
        Assignment.objects.filter(pk=row.pk).update(
            state=State.REFUSED, finished_at=MONDAY, outcome="No."
        )

        tick(at=MONDAY + HOUR)

        assert lead.assignments.count() == 1

    def test_leaves_what_somebody_decided_since_it_fell_due(self, ben, tom):
        lead = overdue(ben)
        make_assignment(
            lead, ben, state="skipped", finished_at=MONDAY, created_at=MONDAY
        )

        tick(at=MONDAY)

        assert lead.assignments.count() == 1

    def test_leaves_what_was_decided_before_and_came_true_since(self, ben, tom):
        lead = overdue(ben)
        make_assignment(
            lead,
            ben,
            state="done",
            created_at=MONDAY - HOUR - timedelta(minutes=1),
            finished_at=MONDAY - HOUR + timedelta(minutes=1),
        )

        tick(at=MONDAY)

        assert lead.assignments.count() == 1

    def test_waits_until_a_new_target_counts_everywhere(self, ben, tom, monkeypatch):
        """The old one was a mistake, and most leads have still its moment."""
        monkeypatch.setattr(recalculate, "CHUNK", 1)
        leads = [overdue(ben), overdue(ben)]
        longer = {"minutes": 48 * 60, "at_breach": "reassign"}
        save_target(
            actor=make_manager(),
            campaign=None,
            category=None,
            in_working_hours=False,
            target=make_target(60, at_breach="reassign"),
            **longer,
        )

        tick(at=MONDAY)

        assert not Assignment.objects.filter(lead__in=leads).exists()
        assert told(ben.user) == []

    def test_leaves_what_is_on_its_way_or_held(self, ben, tom):
        on_its_way, held = overdue(ben), overdue(ben)
        make_assignment(on_its_way, tom, created_at=MONDAY - 3 * HOUR)
        coverage = make_coverage(tom, ben, state="active")
        make_hold(coverage, held)

        detect.tick(at=MONDAY)

        assert on_its_way.assignments.count() == 1
        assert held.assignments.count() == 0

    def test_is_undone_with_the_rest_when_a_tick_breaks(self, ben, tom, monkeypatch):
        lead = overdue(ben)
        monkeypatch.setattr(messages, "notify_owners", None)

        assert detect.tick(at=MONDAY).startswith("no answers overdue")

        assert not Breach.objects.exists()
        assert not lead.assignments.exists()
        assert not Notification.objects.exists()


class TestSuggesting:
    @pytest.fixture(autouse=True)
    def _target(self):
        make_target(60, at_breach="suggest")

    def test_waits_for_a_person(self, ben, tom):
        lead = overdue(ben)

        tick(at=MONDAY)
        tick(at=MONDAY + timedelta(minutes=1))
        one = Suggestion.objects.get()
        assert (one.lead, one.member, one.owner, one.state) == (lead, tom, ben, "open")
        row = accept_suggestion(suggestion=one, actor=make_manager(), at=MONDAY)

        assert (row.to, row.cause) == (tom, Cause.MANUAL)
        assert row.reason == (
            "Ben Okafor had until Mon 11 May, 08:00 to answer. Suggested instead is Tom "
            "Whelan: the only one free. Sara Klein agreed."
        )

    def test_says_the_time_of_the_owners_own_hours(self, ben, tom):
        ben.time_zone = "Asia/Tokyo"
        ben.save()
        overdue(ben)

        tick(at=MONDAY)

        reason = Suggestion.objects.get().reason
        assert reason.startswith("Ben Okafor had until Mon 11 May, 17:00 to answer.")

    @pytest.mark.parametrize(
        "change",
        [
            {"answer_owed": False, "answer_due_at": None},
            {"last_reply_at": MONDAY},
            {"owner": None},
        ],
        ids=["answered", "replied again", "taken away"],
    )
    def test_is_withdrawn_when_the_lead_has_changed(self, change, ben, tom):
        lead = overdue(ben)
        tick(at=MONDAY)
        for name, value in change.items():
            setattr(lead, name, value)
        lead.save()

        tick(at=MONDAY + timedelta(minutes=1))

        assert Suggestion.objects.earliest("pk").state == "withdrawn"

    def test_is_withdrawn_when_who_was_suggested_goes_away(self, ben, tom):
        overdue(ben)
        tick(at=MONDAY)
        make_absence(tom)

        tick(at=MONDAY + timedelta(minutes=1))

        assert Suggestion.objects.get().state == "withdrawn"
