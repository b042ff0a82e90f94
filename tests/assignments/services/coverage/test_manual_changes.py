"""What people decide during a coverage: once it is done, a person always wins."""

import pytest

from assignments.models import Assignment, Coverage, CoveredLead, Lead, Member
from assignments.models.assignment import State
from assignments.services.coverage import actions, certificate, tick
from assignments.services.errors import AssignmentRefused, NotAllowed, Stale
from assignments.services.ledger import assign as ledger_assign
from assignments.services.ledger.ownership import OwnerObservation, observe_owner
from assignments.services.ledger.transitions import end_gone_lead
from assignments.services.ledger.undo import undo_assignment, why_not_undo
from tests.assignments.services.coverage.scenario import (
    DAY,
    HOUR,
    go,
    owner_of,
    plan,
    story,
)
from tests.factories import MONDAY, make_manager, make_member, make_team, make_user


@pytest.fixture
def cast(office) -> list[Member]:
    """Ana away, Ben covers; Cem and Dua beside them."""
    return office.members[:4]


@pytest.fixture
def held(office, cast):
    """A lead of Ana's that Ben holds."""
    lead = office.lead(0)
    plan(cast[0], cast[1])
    go(office)
    return lead


def assign(office, lead, to, **words):
    boss = make_manager()
    row = ledger_assign.assign_lead(
        lead=lead, to=to, actor=boss, at=office.clock(), **words
    )
    office.dispatch()
    return row


class TestByHand:
    def test_given_to_somebody_else_it_is_theirs(self, office, cast, held):
        ana, ben, cem, _ = cast

        assign(office, held, cem)
        go(office, MONDAY + DAY)

        assert owner_of(held) == cem
        assert story(held) == [f"{ana.pk}>{ben.pk} moved"]

    def test_until_back_it_is_only_covered_by_somebody_else(self, office, cast, held):
        ana, _, cem, _ = cast

        assign(office, held, cem, until="back")
        during = owner_of(held)
        go(office, MONDAY + DAY)

        assert (during, owner_of(held)) == (cem, ana)
        assert story(held) == [f"{ana.pk}>{cem.pk} returned"]

    def test_until_back_needs_a_coverage(self, office, cast):
        lead = office.lead(1)

        with pytest.raises(AssignmentRefused, match="not covered"):
            assign(office, lead, cast[2], until="back")

    def test_given_back_by_hand_it_stays_with_the_absent(self, office, cast, held):
        ana, ben, *_ = cast

        assign(office, held, ana)
        go(office, MONDAY + HOUR)

        assert owner_of(held) == ana
        assert story(held) == [f"{ana.pk}>{ben.pk} back"]

    def test_a_refused_decision_changes_nothing(self, office, cast, held):
        ana, ben, *_ = cast
        stranger = make_member("Nia New", id=99)  # Smartlead does not know her

        row = assign(office, held, stranger)
        row.refresh_from_db()
        go(office, MONDAY + DAY)

        assert row.state == State.REFUSED
        assert owner_of(held) == ana
        assert story(held) == [f"{ana.pk}>{ben.pk} returned"]

    def test_the_holder_named_against_a_waiting_plan_keeps_it(self, office, cast):
        ana, _ben, *_ = cast
        lead = office.lead(0)
        coverage = plan(*cast[:2])
        tick.tick(MONDAY)

        assign(office, lead, ana)
        go(office, MONDAY + HOUR)

        assert owner_of(lead) == ana
        assert CoveredLead.objects.get(coverage=coverage, lead=lead).pinned_at

    def test_in_a_chain_given_to_the_middle_ends_only_what_lies_above(
        self, office, cast, held
    ):
        ana, ben, cem, _ = cast
        plan(ben, cem, starts_at=MONDAY + HOUR, ends_at=MONDAY + 2 * DAY)
        go(office, MONDAY + HOUR)

        assign(office, held, ben)

        assert story(held) == [f"{ana.pk}>{ben.pk} live", f"{ben.pk}>{cem.pk} back"]

    def test_given_to_the_middle_of_a_chain_it_goes_back_with_the_lower_coverage(
        self, office, cast, held
    ):
        ana, ben, cem, _ = cast
        plan(ben, cem, starts_at=MONDAY + HOUR, ends_at=MONDAY + 2 * DAY)
        go(office, MONDAY + HOUR)
        assign(office, held, ben)

        go(office, MONDAY + DAY)

        assert owner_of(held) == ana
        assert story(held)[0] == f"{ana.pk}>{ben.pk} returned"

    def test_given_out_of_a_chain_all_its_holds_are_moved_and_none_takes_it_again(
        self, office, cast, held
    ):
        ana, ben, cem, dua = cast
        plan(ben, cem, starts_at=MONDAY + HOUR, ends_at=MONDAY + 2 * DAY)
        go(office, MONDAY + HOUR)

        assign(office, held, dua)
        go(office, MONDAY + 3 * DAY)

        assert owner_of(held) == dua
        assert story(held) == [f"{ana.pk}>{ben.pk} moved", f"{ben.pk}>{cem.pk} moved"]
        assert CoveredLead.objects.filter(lead=held, pinned_at=None).count() == 0


def test_a_lead_lost_before_it_was_handed_over_was_not_taken(office, cast):
    coverage = plan(cast[0], cast[1])
    lead = office.lead(0)
    tick.tick(MONDAY)

    Lead.objects.filter(pk=lead.pk).update(gone_at=MONDAY)
    end_gone_lead(lead, MONDAY)

    assert story(lead) == [f"{cast[0].pk}>{cast[1].pk} not_taken"]
    assert certificate.status_counts(coverage).taken == 0


def test_put_back_against_a_plan_to_lend_it_on_the_plan_is_given_up(office, cast):
    ana, ben, cem, _ = cast
    plan(ana, ben)
    lead = office.lead(0)
    go(office)
    plan(ben, cem, starts_at=MONDAY + HOUR)
    tick.tick(MONDAY + HOUR)

    seen_at = MONDAY + 2 * HOUR
    back = OwnerObservation(owner_id=ana.pk, known=True, asked_at=seen_at, by="get")
    observe_owner(map_id=lead.pk, sighting=back, at=seen_at)
    tick.tick(seen_at)

    assert story(lead) == [f"{ana.pk}>{ben.pk} back", f"{ben.pk}>{cem.pk} not_taken"]
    assert not Assignment.objects.pending().filter(lead=lead).exists()


class TestInSmartlead:
    def see(self, office, lead, to):
        office.world.assign_outside(lead.pk, to.pk)
        office.clock.advance(700)
        lead.refresh_from_db()
        type(lead).objects.filter(pk=lead.pk).update(recheck_at=office.clock())
        office.dispatch()
        office.clock.advance(61)
        office.dispatch()

    def test_moved_there_it_is_moved_here(self, office, cast, held):
        ana, ben, cem, _ = cast

        self.see(office, held, cem)
        go(office, MONDAY + DAY)

        assert owner_of(held) == cem
        assert story(held) == [f"{ana.pk}>{ben.pk} moved"]

    def test_given_to_somebody_away_it_is_an_arrival(self, office, cast):
        ana, ben, *_ = cast
        plan(ana, ben)
        go(office)
        lead = office.lead(2)

        self.see(office, lead, ana)
        go(office)

        assert owner_of(lead) == ben


class TestUndo:
    def test_it_puts_the_lead_back_into_its_coverage(self, office, cast, held):
        ana, ben, cem, _ = cast
        row = assign(office, held, cem)
        row.refresh_from_db()

        undo_assignment(assignment=row, actor=make_manager(), at=office.clock())
        office.dispatch()
        revived = story(held)
        go(office, MONDAY + DAY)

        assert revived == [f"{ana.pk}>{ben.pk} live"]
        assert owner_of(held) == ana

    def test_it_is_not_offered_once_the_coverage_is_over(self, office, cast, held):
        row = assign(office, held, cast[2])
        go(office, MONDAY + DAY)
        row.refresh_from_db()

        why_not = why_not_undo(row, make_manager())

        assert why_not
        assert "over by now" in why_not

    def test_it_is_not_offered_for_a_coverages_own_move(self, office, cast, held):
        why_not = why_not_undo(held.assignments.get(), make_manager())

        assert why_not
        assert "coverage did this" in why_not


class TestActions:
    def test_ended_early_everything_goes_back(self, office, cast, held):
        coverage = Coverage.objects.get()

        actions.end_early(coverage=coverage, actor=make_manager(), at=office.clock())
        office.dispatch()

        coverage.refresh_from_db()
        assert owner_of(held) == cast[0]
        assert coverage.state == Coverage.State.COMPLETED

    def test_ended_while_the_clock_is_ahead_it_does_not_end_before_it_starts(
        self, office, cast
    ):
        """As after `tick --at` on the sandbox."""
        coverage = plan(*cast[:2], starts_at=MONDAY + DAY, ends_at=MONDAY + 3 * DAY)
        tick.tick(MONDAY + DAY + HOUR)

        actions.end_early(coverage=coverage, actor=make_manager(), at=MONDAY)

        coverage.refresh_from_db()
        assert coverage.starts_at < coverage.ends_at
        assert coverage.first_day <= coverage.last_day

    def test_one_lead_handed_back_stays_there(self, office, cast, held):
        ana, ben, *_ = cast
        coverage = Coverage.objects.get()

        actions.hand_back(
            coverage=coverage, lead=held, actor=make_manager(), at=office.clock()
        )
        office.dispatch()
        go(office, MONDAY + HOUR)

        assert owner_of(held) == ana
        assert story(held) == [f"{ana.pk}>{ben.pk} returned"]

    def test_only_those_concerned_hand_back(self, office, held):
        with pytest.raises(NotAllowed, match="can hand it back"):
            actions.hand_back(
                coverage=Coverage.objects.get(),
                lead=held,
                actor=make_user(),
                at=office.clock(),
            )

    @pytest.mark.parametrize("of", [0, 1])
    def test_a_team_lead_of_either_side_hands_back(self, office, cast, held, of):
        actor = make_user("Lea Lead")
        cast[of].team = make_team(leads=(actor,))
        cast[of].save()

        actions.hand_back(
            coverage=Coverage.objects.get(), lead=held, actor=actor, at=office.clock()
        )
        office.dispatch()

        assert owner_of(held) == cast[0]

    def test_another_coverer_takes_share_and_leads(self, office, cast, held):
        ana, ben, cem, _ = cast
        coverage = Coverage.objects.get()

        actions.change_coverer(
            coverage=coverage, old=ben, new=cem, actor=make_manager(), at=office.clock()
        )
        office.dispatch()

        assert owner_of(held) == cem
        assert story(held) == [f"{ana.pk}>{cem.pk} live"]

    def test_a_coverer_who_is_away_is_not_put_in(self, office, cast, held):
        plan(cast[2], cast[3])

        with pytest.raises(AssignmentRefused, match="is away until"):
            actions.change_coverer(
                coverage=Coverage.objects.first(),
                old=cast[1],
                new=cast[2],
                actor=make_manager(),
                at=office.clock(),
            )

    def test_extended_after_its_end_but_before_a_tick_it_runs_on(
        self, office, cast, held
    ):
        coverage = Coverage.objects.get()
        office.clock.now = MONDAY + DAY + HOUR

        actions.extend(
            coverage=coverage,
            last_day=(MONDAY + 3 * DAY).date(),
            actor=make_manager(),
            at=office.clock(),
        )
        go(office)

        assert owner_of(held) == cast[1]

    def test_once_leads_go_back_nothing_is_extended(self, office, cast, held):
        tick.tick(MONDAY + DAY)

        with pytest.raises(Stale, match="carry over"):
            actions.extend(
                coverage=Coverage.objects.get(),
                last_day=(MONDAY + 3 * DAY).date(),
                actor=make_manager(),
                at=MONDAY + DAY,
            )

    def test_nothing_is_extended_beyond_a_year(self, office, cast):
        with pytest.raises(AssignmentRefused, match="a year at the most"):
            actions.extend(
                coverage=plan(*cast[:2]),
                last_day=(MONDAY + 367 * DAY).date(),
                actor=make_manager(),
                at=MONDAY,
            )

    def test_a_coverage_that_ended_before_a_tick_is_not_started(self, office, cast):
        coverage = plan(*cast[:2])

        with pytest.raises(AssignmentRefused, match="Plan a new one"):
            actions.start_now(coverage=coverage, actor=make_manager(), at=MONDAY + DAY)

        assert not coverage.events.exists()

    def test_a_refused_start_is_tried_again_by_a_person(self, office, cast):
        ana, ben, *_ = cast
        lead = office.lead(0)
        place = office.world.store.members.pop(ben.pk)
        plan(ana, ben)
        go(office)
        office.world.store.members[ben.pk] = place

        ledger_assign.retry_assignment(
            assignment=lead.assignments.get(), actor=make_manager(), at=office.clock()
        )
        office.dispatch()
        go(office, MONDAY + DAY)

        assert story(lead) == [f"{ana.pk}>{ben.pk} returned"]
        assert owner_of(lead) == ana


@pytest.mark.parametrize("found_at", [MONDAY + 2 * HOUR, MONDAY + 2 * DAY])
def test_a_lead_that_was_only_lost_for_a_while_goes_back_all_the_same(
    office, cast, held, found_at
):
    ana, ben, *_ = cast
    lost_at = MONDAY + HOUR
    held.refresh_from_db()
    Lead.objects.filter(pk=held.pk).update(gone_at=lost_at)
    end_gone_lead(held, lost_at)
    go(office, found_at)

    Lead.objects.filter(pk=held.pk).update(recheck_at=office.clock())
    office.dispatch()
    go(office, found_at + DAY)

    assert owner_of(held) == ana
    assert story(held) == [f"{ana.pk}>{ben.pk} returned"]
