"""Actions on a coverage whose leads, members or days have changed since."""

import pytest

from assignments.models import Coverage, Hold, Member
from assignments.models.assignment import State
from assignments.services.coverage import actions, alerts, tick
from assignments.services.errors import AssignmentRefused, Stale
from assignments.services.ledger import assign, transitions
from tests.assignments.services.coverage.scenario import (
    DAY,
    HOUR,
    go,
    owner_of,
    plan,
    story,
)
from tests.factories import (
    MONDAY,
    make_campaign,
    make_category,
    make_manager,
    make_team,
    make_user,
)


@pytest.fixture
def cast(office) -> list[Member]:
    return office.members[:4]  # Ana away, Ben covers; Cem and Dua beside them


@pytest.fixture
def coverage(cast) -> Coverage:
    return plan(cast[0], cast[1])


@pytest.fixture
def held(office, coverage):
    lead = office.lead(0)
    go(office)
    return lead


def hand_back(office, coverage, lead):
    return actions.hand_back(
        coverage=coverage, lead=lead, actor=make_manager(), at=office.clock()
    )


def change_coverer(office, coverage, old, new):
    actions.change_coverer(
        coverage=coverage, old=old, new=new, actor=make_manager(), at=office.clock()
    )


def try_again(office, row):
    return assign.retry_assignment(
        assignment=row, actor=make_manager(), at=office.clock()
    )


def narrow(coverage, member, kind):
    """Lets a covering member take leads of one campaign or category alone."""
    coverer = coverage.coverers.get(member=member)
    if kind == "campaign":
        coverer.campaigns.add(make_campaign())
    if kind == "category":
        coverer.categories.add(make_category())


class TestHandedBack:
    @pytest.fixture
    def refused(self, office, coverage, cast, held):
        """Handed back at a moment when Smartlead does not know Ana."""
        place = office.world.store.members.pop(cast[0].pk)
        row = hand_back(office, coverage, held)
        office.dispatch()
        office.world.store.members[cast[0].pk] = place
        row.refresh_from_db()
        assert row.state == State.REFUSED
        return row

    def test_refused_it_goes_back_at_the_end_as_if_nobody_had_asked(
        self, office, cast, held, refused
    ):
        go(office, MONDAY + DAY)

        assert owner_of(held) == cast[0]
        assert story(held) == [f"{cast[0].pk}>{cast[1].pk} returned"]

    def test_refused_it_is_shown_until_then_and_can_be_tried_again(
        self, office, cast, held, refused
    ):
        boss = make_manager()
        (trouble,) = alerts.troubles_for(boss, office.clock())

        assign.retry_assignment(
            assignment=trouble.assignment, actor=boss, at=office.clock()
        )
        office.dispatch()

        assert owner_of(held) == cast[0]
        assert alerts.troubles_for(boss, office.clock()) == []

    def test_a_refused_return_keeps_the_coverage_open_until_it_came_true(
        self, office, cast, coverage, held
    ):
        place = office.world.store.members.pop(cast[0].pk)
        go(office, MONDAY + DAY)
        coverage.refresh_from_db()
        then = coverage.state, story(held)
        office.world.store.members[cast[0].pk] = place

        assign.retry_assignment(
            assignment=held.assignments.last(), actor=make_manager(), at=office.clock()
        )
        office.dispatch()

        coverage.refresh_from_db()
        assert then == ("returning", [f"{cast[0].pk}>{cast[1].pk} live"])
        assert (coverage.state, owner_of(held)) == ("completed", cast[0])

    def test_a_refused_return_that_a_person_tried_in_vain_is_not_repeated(
        self, office, cast, held
    ):
        office.world.store.members.pop(cast[0].pk)
        go(office, MONDAY + DAY)
        again = assign.retry_assignment(
            assignment=held.assignments.last(), actor=make_manager(), at=office.clock()
        )
        office.dispatch()

        go(office, MONDAY + DAY + HOUR)

        assert held.assignments.last() == again
        assert len(office.writes()) == 3  # the start, the return, and the second try

    @pytest.mark.parametrize("is_sending", [False, True])
    def test_clicked_twice_it_is_asked_for_once(
        self, office, coverage, held, is_sending
    ):
        first = hand_back(office, coverage, held)
        if is_sending:
            held.assignments.filter(pk=first.pk).update(
                state=State.SENDING, token="t", lease_until=MONDAY + DAY
            )

        assert hand_back(office, coverage, held) == first
        assert coverage.events.filter(sentence__contains="handed").count() == 1

    def test_not_to_somebody_deactivated(self, office, cast, coverage, held):
        Member.objects.filter(pk=cast[0].pk).update(is_active=False)

        with pytest.raises(AssignmentRefused, match="Assign it to somebody"):
            hand_back(office, coverage, held)


class TestChangeOfCoverer:
    def test_the_new_one_is_away_before_it_is_sent_it_is_dealt_to_another(
        self, office, cast, held, coverage
    ):
        _, ben, cem, dua = cast
        coverage.coverers.create(member=dua, position=1)
        change_coverer(office, coverage, ben, cem)
        plan(cem, starts_at=MONDAY + HOUR)

        go(office, MONDAY + HOUR)

        assert owner_of(held) == dua

    def test_with_nobody_else_it_stays_and_is_shown_until_the_new_one_is_back(
        self, office, cast, held, coverage
    ):
        _, ben, cem, _ = cast
        change_coverer(office, coverage, ben, cem)
        plan(cem, starts_at=MONDAY + HOUR, ends_at=MONDAY + 3 * HOUR)

        go(office, MONDAY + HOUR)
        coverage.refresh_from_db()
        during = owner_of(held), coverage.unplaced
        go(office, MONDAY + 3 * HOUR)

        assert during == (ben, 1)
        assert owner_of(held) == cem

    def test_who_has_it_keeps_it_while_the_new_one_is_away_if_they_cover_too(
        self, office, cast, held, coverage
    ):
        _, ben, cem, dua = cast
        change_coverer(office, coverage, ben, cem)
        plan(cem, starts_at=MONDAY + HOUR)
        change_coverer(office, coverage, cem, ben)
        coverage.coverers.create(member=dua, position=2)

        go(office, MONDAY + HOUR)

        coverage.refresh_from_db()
        assert (owner_of(held), coverage.unplaced) == (ben, 0)

    def test_clicked_twice_the_second_is_told_who_covers(
        self, office, cast, held, coverage
    ):
        change_coverer(office, coverage, cast[1], cast[2])

        with pytest.raises(Stale, match="does not cover here by now"):
            change_coverer(office, coverage, cast[1], cast[2])

    @pytest.mark.parametrize("own", ["category", ""])
    def test_who_joins_two_scopes_without_shares_goes_on_taking_leads(
        self, office, cast, coverage, own
    ):
        _, ben, cem, _ = cast
        coverage.coverers.create(member=cem, position=1)
        coverage.coverers.update(share=0)
        narrow(coverage, ben, "campaign")
        narrow(coverage, cem, own)
        change_coverer(office, coverage, ben, cem)

        lead = office.lead(0)
        go(office)

        assert owner_of(lead) == cem


class TestTriedAgain:
    """A refused or overtaken change of a coverage, when a person presses Retry."""

    @pytest.fixture
    def not_back(self, office, coverage, cast, held):
        """Not given back, because Smartlead did not know Ana at that moment."""
        place = office.world.store.members.pop(cast[0].pk)
        go(office, MONDAY + DAY)
        office.world.store.members[cast[0].pk] = place
        return held.assignments.last()

    def test_nothing_goes_back_to_somebody_who_is_away_again(
        self, office, cast, held, not_back
    ):
        plan(cast[0], cast[1], starts_at=MONDAY + 2 * DAY, ends_at=MONDAY + 3 * DAY)
        go(office, MONDAY + 2 * DAY)

        with pytest.raises(AssignmentRefused, match="is away until"):
            try_again(office, not_back)

        assert owner_of(held) == cast[1]

    def test_once_they_are_there_it_goes_back(self, office, cast, held, not_back):
        plan(cast[0], cast[1], starts_at=MONDAY + 2 * DAY, ends_at=MONDAY + 3 * DAY)
        go(office, MONDAY + 3 * DAY)

        try_again(office, not_back)
        office.dispatch()

        assert owner_of(held) == cast[0]

    def test_a_lead_somebody_else_decided_about_is_sent_as_that_persons_decision(
        self, office, cast, coverage
    ):
        lead = office.lead(0)
        tick.tick(MONDAY)
        office.world.assign_outside(lead.pk, cast[3].pk)
        office.dispatch()
        overtaken = lead.assignments.get(state=State.OVERTAKEN)

        row = try_again(office, overtaken)
        office.dispatch()

        assert (row.cause, owner_of(lead)) == ("manual", cast[1])


class TestEndPassedWithoutTick:
    """No clock has ticked since; what still waits is looked at when it is sent."""

    def test_a_start_that_waits_is_not_sent_any_more(self, office, cast, coverage):
        lead = office.lead(0)
        tick.tick(MONDAY)
        office.clock.now = MONDAY + DAY

        office.dispatch()
        go(office)

        assert office.writes() == []
        assert story(lead) == [f"{cast[0].pk}>{cast[1].pk} not_taken"]

    def test_nor_is_a_change_of_coverer(self, office, cast, held, coverage):
        change_coverer(office, coverage, cast[1], cast[2])
        office.clock.now = MONDAY + DAY

        go(office)

        assert story(held) == [f"{cast[0].pk}>{cast[1].pk} returned"]
        assert [to for _, to in office.writes()] == [cast[1].pk, cast[0].pk]

    def test_a_start_that_a_person_tries_again_is_not_sent_either(
        self, office, cast, coverage
    ):
        lead = office.lead(0)
        tick.tick(MONDAY)
        row = lead.assignments.get()
        transitions.finalize(row, state=State.REFUSED, outcome="No.", at=MONDAY)
        row.refresh_from_db()
        assign.retry_assignment(assignment=row, actor=make_manager(), at=MONDAY)
        office.clock.now = MONDAY + DAY

        office.dispatch()

        assert office.writes() == []

    def test_extended_all_the_same_it_is_planned_again(self, office, cast, coverage):
        lead = office.lead(0)
        tick.tick(MONDAY)
        office.clock.now = MONDAY + DAY
        office.dispatch()

        actions.extend(
            coverage=coverage,
            last_day=(MONDAY + 3 * DAY).date(),
            actor=make_manager(),
            at=office.clock(),
        )
        office.dispatch()

        assert owner_of(lead) == cast[1]


class TestDeactivatedMembers:
    def test_extended_with_a_deactivated_coverer_leads_go_to_another(
        self, office, cast, held, coverage
    ):
        coverage.coverers.create(member=cast[2], position=1)
        Member.objects.filter(pk=cast[1].pk).update(is_active=False)

        actions.extend(
            coverage=coverage,
            last_day=(MONDAY + 3 * DAY).date(),
            actor=make_manager(),
            at=office.clock(),
        )
        office.dispatch()

        assert owner_of(held) == cast[2]

    def test_ended_early_for_somebody_deactivated_leads_stay_where_they_are(
        self, office, cast, held, coverage
    ):
        Member.objects.filter(pk=cast[0].pk).update(is_active=False)

        actions.end_early(coverage=coverage, actor=make_manager(), at=office.clock())
        office.dispatch()

        assert owner_of(held) == cast[1]
        assert Hold.objects.get().outcome == Hold.Outcome.KEPT

    def test_nobody_deactivated_is_put_in(self, office, cast, coverage):
        cast[2].is_active = False
        cast[2].save()

        with pytest.raises(AssignmentRefused, match="has been deactivated"):
            change_coverer(office, coverage, cast[1], cast[2])


class TestWhoMayCover:
    def test_a_team_lead_puts_in_nobody_of_another_team(self, office, cast, coverage):
        boss = make_user("Tia Lead")
        Member.objects.filter(pk=cast[0].pk).update(team=make_team(leads=(boss,)))

        with pytest.raises(AssignmentRefused, match="is not in your team"):
            actions.change_coverer(
                coverage=coverage, old=cast[1], new=cast[2], actor=boss, at=MONDAY
            )


class TestClickedTwice:
    @pytest.mark.parametrize(
        "act", [actions.end_early, actions.cancel, actions.start_now]
    )
    def test_the_second_is_told_how_it_stands(self, office, cast, coverage, act):
        boss = make_manager()
        if act is actions.end_early:
            go(office)
        act(coverage=coverage, actor=boss, at=office.clock())

        with pytest.raises(Stale, match=r"by now|is not running"):
            act(coverage=coverage, actor=boss, at=office.clock())

    def test_extended_twice_to_the_same_day_it_is_said(self, office, cast, coverage):
        last_day = (MONDAY + 3 * DAY).date()
        words = {"coverage": coverage, "last_day": last_day, "actor": make_manager()}
        actions.extend(**words, at=MONDAY)

        with pytest.raises(AssignmentRefused, match="already lasts until"):
            actions.extend(**words, at=MONDAY)

    def test_read_twice_it_stands_once_in_its_history(self, office, cast, coverage):
        go(office, MONDAY + 3 * DAY)
        for boss in (make_manager(), make_manager()):
            actions.acknowledge(coverage=coverage, actor=boss, at=office.clock())

        assert coverage.events.filter(sentence__contains="has read").count() == 1
