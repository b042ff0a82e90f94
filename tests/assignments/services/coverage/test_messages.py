"""The notifications of a coverage, from its start to the return."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from assignments.models import (
    Assignment,
    Coverage,
    Member,
    Notification,
    User,
)
from assignments.services.coverage import actions, messages, tick
from assignments.services.coverage.handover import change_coverer
from tests.assignments.services.coverage.scenario import DAY, HOUR, go, plan
from tests.dashboard.pages import queries_of
from tests.dispatch_harness import DispatchHarness
from tests.factories import (
    MONDAY,
    make_manager,
    make_team,
    make_team_channel,
    make_user,
)


@pytest.fixture
def logins(cast) -> list[Member]:
    """The members, each with a login."""
    for member in cast:
        member.user = make_user(member.name)
        member.save()
    return cast


@pytest.fixture
def live(office: DispatchHarness) -> Callable[..., None]:
    """A minute passes: the clock ticks, leads move, people are told."""

    def pass_by(at=None) -> None:
        go(office, at)
        messages.announce_coverages(at=office.clock.now)
        messages.announce_troubles(at=office.clock.now)

    return pass_by


def heard(member: Member) -> list[str]:
    told = Notification.objects.filter(user=member.user)
    return list(told.order_by("pk").values_list("subject", flat=True))


def extend(coverage: Coverage, *, days: int, office: DispatchHarness) -> None:
    last_day = coverage.last_day + timedelta(days=days)
    actions.extend(
        coverage=coverage, last_day=last_day, actor=make_manager(), at=office.clock()
    )


def leads_of(office: DispatchHarness, count: int) -> None:
    for number in range(count):
        office.lead(0, number=number)


def test_from_the_start_to_the_return(office, logins, live):
    ana, ben, cem, dua = logins
    leads_of(office, 4)
    plan(ana, ben, cem)

    for at in (MONDAY, MONDAY + HOUR, MONDAY + DAY, MONDAY + DAY + HOUR):
        live(at)

    assert heard(ben) == [f"You cover for {ana} until Tue 12 May, 09:00: 2 leads"]
    assert heard(cem) == [f"You cover for {ana} until Tue 12 May, 09:00: 2 leads"]
    assert heard(ana) == ["You are back: 4 of 4 leads are with you again"]
    assert heard(dua) == []


def test_the_number_is_told_when_all_have_come(office, logins):
    ana, ben, *_ = logins
    leads_of(office, 3)
    plan(ana, ben)
    tick.tick(MONDAY)

    assert messages.announce_coverages(at=MONDAY) == 0
    go(office)
    messages.announce_coverages(at=office.clock.now)

    assert heard(ben) == [f"You cover for {ana} until Tue 12 May, 09:00: 3 leads"]


def test_a_slow_start_is_told_after_half_an_hour(office, logins):
    ana, ben, *_ = logins
    leads_of(office, 3)
    plan(ana, ben)
    tick.tick(MONDAY)
    messages.announce_coverages(at=MONDAY)
    while not Assignment.objects.filter(state="done").exists():
        office.take_turns(1)

    messages.announce_coverages(at=MONDAY + timedelta(minutes=31))

    assert heard(ben) == [f"You cover for {ana} until Tue 12 May, 09:00: 1 lead"]


def test_a_longer_absence_is_told_once(office, logins, live):
    ana, ben, *_ = logins
    leads_of(office, 1)
    coverage = plan(ana, ben)
    live()
    extend(coverage, days=2, office=office)

    live()
    live()

    assert heard(ben)[1:] == [f"You cover for {ana} longer: until Thu 14 May"]


def test_a_change_undone_within_the_minute_notifies_nobody(office, logins, live):
    ana, ben, *_ = logins
    coverage = plan(ana, ben)
    live()
    until = coverage.ends_at
    extend(coverage, days=2, office=office)
    Coverage.objects.filter(pk=coverage.pk).update(ends_at=until)

    live()

    assert len(heard(ben)) == 1


def test_an_early_return_is_told(office, logins, live):
    ana, ben, *_ = logins
    leads_of(office, 2)
    coverage = plan(ana, ben)
    live()
    actions.end_early(coverage=coverage, actor=make_manager(), at=office.clock())

    live()

    assert heard(ben)[1:] == [f"{ana} is back early: you no longer cover"]
    assert heard(ana) == ["You are back: 2 of 2 leads are with you again"]


def test_a_change_of_coverer_is_told_to_both(office, logins, live):
    ana, ben, cem, _ = logins
    leads_of(office, 2)
    coverage = plan(ana, ben)
    live()
    change_coverer(
        coverage=coverage, old=ben, new=cem, actor=make_manager(), at=office.clock()
    )

    live()
    live()

    assert heard(ben)[1:] == [f"You no longer cover for {ana}"]
    assert heard(cem) == [f"You cover for {ana} until Tue 12 May, 09:00: 2 leads"]


def test_arrivals_are_told_once_a_day(office, logins, live):
    ana, ben, *_ = logins
    leads_of(office, 1)
    plan(ana, ben, ends_at=MONDAY + 5 * DAY)
    live()
    office.lead(0, number=1)
    office.lead(0, number=2)

    live(MONDAY + HOUR)
    soon = len(heard(ben))
    live(MONDAY + DAY + HOUR)
    live(MONDAY + DAY + 2 * HOUR)

    assert soon == 1
    assert heard(ben)[1:] == [f"2 more leads of {ana} came to you"]


def test_the_certificate_names_what_is_not_back(office, logins, live):
    ana, ben, cem, _ = logins
    leads_of(office, 2)
    coverage = plan(ana, ben)
    live()
    lead = coverage.holds.first().lead
    office.world.assign_outside(lead.pk, cem.pk)

    live(MONDAY + DAY)

    told = Notification.objects.get(user=ana.user)
    assert told.subject == "You are back: 1 of 2 leads is with you again"
    assert "Taken 2: 1 returned, 1 moved in Smartlead." in told.text
    lead.refresh_from_db()
    assert f"{lead}: Moved to {cem} in Smartlead" in told.text
    assert told.path == f"/coverage/{coverage.pk}/certificate/"


def test_a_return_that_takes_hours_is_told_so_far_and_then_whole(office, logins):
    ana, ben, *_ = logins
    leads_of(office, 1)
    plan(ana, ben)
    go(office)
    tick.tick(MONDAY + DAY)

    for hours in (0, 2, 3):
        messages.announce_coverages(at=MONDAY + DAY + hours * HOUR)
    go(office, MONDAY + DAY + 3 * HOUR)
    messages.announce_coverages(at=office.clock.now)

    assert heard(ana) == [
        "You are back: so far 0 of 1 lead is with you again",
        "You are back: 1 of 1 lead is with you again",
    ]


def team_heard(team) -> list[str]:
    told = Notification.objects.filter(channel__team=team).order_by("pk")
    return list(told.values_list("subject", flat=True))


def test_the_team_reads_who_covers_in_its_channel(office, logins, live):
    ana, ben, *_ = logins
    team = make_team()
    team.members.add(ana)
    make_team_channel(team, kinds=["covering"])
    leads_of(office, 2)
    plan(ana, ben)

    live()
    live(MONDAY + HOUR)

    assert team_heard(team) == [
        f"{ben} covers for {ana} until Tue 12 May, 09:00: 2 leads"
    ]


class TestAttention:
    @pytest.fixture
    def stranded(self, office, logins) -> Coverage:
        """Who was to cover is away too, and nobody else is free."""
        ana, ben, *_ = logins
        office.lead(0)
        plan(ben, ana)
        return plan(ana, ben)

    def test_responsible_users_are_notified_once_however_often_a_problem_comes_back(
        self, office, stranded, live
    ):
        boss, sara = make_manager("Sara Klein"), make_user("Tim Team")
        make_team(leads=(sara,)).members.add(stranded.member)
        stranger = make_user("Stan Stranger")
        live()
        Coverage.objects.filter(pk=stranded.pk).update(unplaced=0)
        messages.announce_troubles(at=office.clock.now)
        live()

        sentence = f"Nobody is free to cover 1 lead of {stranded.member}."
        assert [seen(user) for user in (boss, sara)] == [[sentence]] * 2
        assert seen(stranger) == []

    def test_the_team_reads_of_it_once_without_names_of_leads(
        self, office, stranded, live
    ):
        team = make_team()
        team.members.add(stranded.member)
        channel = make_team_channel(team, kinds=["attention"])
        live()
        live()

        told = Notification.objects.get(channel=channel)
        assert told.subject == f"The coverage of {stranded.member} needs attention"
        assert told.path == f"/coverage/{stranded.pk}/"

    def test_users_who_know_a_problem_cost_no_queries_each_minute(
        self, office, stranded, live
    ):
        def tell_again() -> None:
            messages.announce_troubles(at=office.clock.now)

        make_manager()
        live()
        one = queries_of(tell_again)
        for _ in range(5):
            make_manager()
        tell_again()

        assert queries_of(tell_again) == one

    def test_without_problems_it_costs_no_queries(self, office, logins, live):
        plan(*logins[:2])
        live()

        assert not Notification.objects.filter(kind="attention").exists()

    def test_a_coverage_that_fails_does_not_stop_the_others(
        self, office, logins, live, monkeypatch, caplog
    ):
        ana, ben, cem, dua = logins
        broken = plan(ana, ben)
        plan(cem, dua)
        tick.tick(MONDAY)
        whole = messages._notify_people

        def fall(pk, at):
            return 1 // 0 if pk == broken.pk else whole(pk, at)

        monkeypatch.setattr(messages, "_notify_people", fall)
        messages.announce_coverages(at=MONDAY)

        assert (heard(ben), len(heard(dua))) == ([], 1)
        assert "Nobody could be told" in caplog.text


def seen(user: User) -> list[str]:
    return list(user.notifications.values_list("subject", flat=True))
