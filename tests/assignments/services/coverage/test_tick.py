"""Starts, arrivals and ends on the sandbox, as the rules' table of traces has them."""

import pytest

from assignments.models import Assignment, Batch, Coverage, Member
from assignments.models.assignment import State
from assignments.services.coverage import tick
from tests.assignments.services.coverage.scenario import (
    DAY,
    HOUR,
    go,
    owner_of,
    plan,
    story,
)
from tests.factories import MONDAY, make_member


def test_leads_are_handed_over_and_given_back(office, cast):
    ana, ben, *_ = cast
    lead = office.lead(0)
    coverage = plan(ana, ben)

    go(office)
    during = owner_of(lead)
    go(office, MONDAY + DAY)

    coverage.refresh_from_db()
    assert during == ben
    assert owner_of(lead) == ana
    assert story(lead) == [f"{ana.pk}>{ben.pk} returned"]
    assert coverage.state == Coverage.State.COMPLETED


def test_each_side_is_one_batch_without_an_actor(office, cast):
    ana, ben, *_ = cast
    [office.lead(0, number=number) for number in range(3)]
    plan(ana, ben)

    go(office)
    go(office, MONDAY + DAY)

    assert list(Batch.objects.values_list("cause", "actor").order_by("pk")) == [
        ("coverage_start", None),
        ("coverage_return", None),
    ]


def test_a_tick_twice_does_nothing_more(office, cast):
    ana, ben, *_ = cast
    office.lead(0)
    plan(ana, ben)

    tick.tick(MONDAY)
    tick.tick(MONDAY)
    office.dispatch()
    tick.tick(MONDAY)

    assert Assignment.objects.count() == 1


def test_a_tick_of_an_earlier_moment_undoes_nothing(office, cast):
    ana, ben, *_ = cast
    lead = office.lead(0)
    coverage = plan(ana, ben)
    go(office)
    go(office, MONDAY + DAY)

    tick.tick(MONDAY + HOUR)

    coverage.refresh_from_db()
    assert coverage.state == Coverage.State.COMPLETED
    assert owner_of(lead) == ana
    assert not Assignment.objects.pending().exists()


def test_start_and_end_missed_move_nothing(office, cast):
    ana, ben, *_ = cast
    lead = office.lead(0)
    coverage = plan(ana, ben)

    go(office, MONDAY + 3 * DAY)

    coverage.refresh_from_db()
    assert coverage.state == Coverage.State.CANCELLED
    assert story(lead) == []


def test_a_chain_returns_in_one_move_when_both_are_over(office, cast):
    ana, ben, cem, _ = cast
    lead = office.lead(0)
    plan(ana, ben)
    plan(ben, cem, starts_at=MONDAY + HOUR, ends_at=MONDAY + DAY)
    go(office)
    go(office, MONDAY + HOUR)

    go(office, MONDAY + DAY)

    assert office.writes() == [(lead.pk, who.pk) for who in (ben, cem, ana)]
    assert story(lead) == [
        f"{ana.pk}>{ben.pk} returned",
        f"{ben.pk}>{cem.pk} superseded",
    ]


def test_the_lower_coverage_of_a_chain_ends_first(office, cast):
    ana, ben, cem, _ = cast
    lead = office.lead(0)
    plan(ana, ben, ends_at=MONDAY + 2 * HOUR)
    plan(ben, cem, starts_at=MONDAY + HOUR)
    go(office)
    go(office, MONDAY + HOUR)

    go(office, MONDAY + 2 * HOUR)

    assert owner_of(lead) == ana


def test_the_upper_coverage_of_a_chain_ends_first(office, cast):
    ana, ben, cem, _ = cast
    lead = office.lead(0)
    plan(ana, ben)
    plan(ben, cem, starts_at=MONDAY + HOUR, ends_at=MONDAY + 2 * HOUR)
    go(office)
    go(office, MONDAY + HOUR)

    go(office, MONDAY + 2 * HOUR)

    assert owner_of(lead) == ben
    go(office, MONDAY + DAY)
    assert owner_of(lead) == ana


def test_a_swap_at_one_minute_gives_each_their_own(office, cast):
    ana, ben, *_ = cast
    anas, bens = office.lead(0), office.lead(1, number=1)
    plan(ana, ben)
    plan(ben, ana, starts_at=MONDAY + DAY, ends_at=MONDAY + 2 * DAY)
    go(office)

    go(office, MONDAY + DAY)

    assert owner_of(anas) == ana
    assert owner_of(bens) == ana
    go(office, MONDAY + 2 * DAY)
    assert (owner_of(anas), owner_of(bens)) == (ana, ben)


def test_kept_leads_stay_with_who_covered(office, cast):
    ana, ben, *_ = cast
    lead = office.lead(0)
    coverage = plan(ana, ben, on_return="keep")
    go(office)

    go(office, MONDAY + DAY)

    coverage.refresh_from_db()
    assert owner_of(lead) == ben
    assert story(lead) == [f"{ana.pk}>{ben.pk} kept"]
    assert coverage.state == Coverage.State.COMPLETED


def test_kept_above_another_hold_returns_later_with_the_lower(office, cast):
    ana, ben, cem, _ = cast
    lead = office.lead(0)
    plan(ana, ben)
    plan(ben, cem, starts_at=MONDAY + HOUR, ends_at=MONDAY + 2 * HOUR, on_return="keep")
    go(office)
    go(office, MONDAY + HOUR)

    go(office, MONDAY + 2 * HOUR)

    assert owner_of(lead) == cem
    go(office, MONDAY + DAY)
    assert owner_of(lead) == ana


def test_an_arrival_is_covered(office, cast):
    ana, ben, *_ = cast
    plan(ana, ben)
    go(office)
    lead = office.lead(0)

    go(office, MONDAY + HOUR)

    assert owner_of(lead) == ben
    assert lead.holds.get().is_arrival


def test_arrivals_are_left_where_the_coverage_says_so(office, cast):
    ana, ben, *_ = cast
    plan(ana, ben, arrivals="leave")
    go(office)
    lead = office.lead(0)

    go(office, MONDAY + HOUR)

    assert owner_of(lead) == ana


def test_nobody_free_is_tried_again_each_tick(office, cast):
    ana, ben, *_ = cast
    lead = office.lead(0)
    coverage = plan(ana, ben, arrivals="leave")
    plan(ben, ana, ends_at=MONDAY + HOUR, scope="active")
    go(office)
    coverage.refresh_from_db()

    assert coverage.unplaced == 1
    go(office, MONDAY + HOUR)
    coverage.refresh_from_db()
    assert coverage.unplaced == 0
    assert owner_of(lead) == ben


def test_a_target_that_goes_away_before_sending_is_decided_again(office, cast):
    ana, ben, cem, _ = cast
    lead = office.lead(0)
    plan(ana, ben, cem, shares=(9, 1))
    tick.tick(MONDAY)
    plan(ben, cem, starts_at=MONDAY + HOUR)
    office.clock.now = MONDAY + HOUR

    office.dispatch()
    go(office)

    assert office.writes() == [(lead.pk, cem.pk)]
    assert story(lead) == [
        f"{ana.pk}>{ben.pk} not_taken",
        f"{ana.pk}>{cem.pk} live",
    ]


def test_an_end_before_anything_was_sent_takes_nothing(office, cast):
    ana, ben, *_ = cast
    lead = office.lead(0)
    plan(ana, ben)
    tick.tick(MONDAY)

    tick.tick(MONDAY + DAY)
    office.dispatch()

    assert office.writes() == []
    assert story(lead) == [f"{ana.pk}>{ben.pk} not_taken"]


def test_a_deactivated_coverer_loses_the_leads_to_another(office, cast):
    ana, ben, cem, _ = cast
    lead = office.lead(0)
    plan(ana, ben, cem, shares=(9, 1))
    go(office)
    Member.objects.filter(pk=ben.pk).update(is_active=False)

    go(office, MONDAY + HOUR)

    assert owner_of(lead) == cem
    assert story(lead) == [f"{ana.pk}>{cem.pk} live"]


def test_a_deactivated_origin_leaves_the_lead_with_the_coverer(office, cast):
    ana, ben, *_ = cast
    lead = office.lead(0)
    plan(ana, ben)
    go(office)
    Member.objects.filter(pk=ana.pk).update(is_active=False)

    go(office, MONDAY + DAY)

    assert owner_of(lead) == ben
    assert story(lead) == [f"{ana.pk}>{ben.pk} kept"]


def test_a_refused_start_is_not_tried_with_anybody_else(office, cast):
    ana, ben, cem, _ = cast
    lead = office.lead(0)
    stranger = make_member("Nia New", id=99)  # Smartlead does not know her
    plan(ana, stranger, ben, cem)
    go(office)
    go(office, MONDAY + HOUR)

    assert Assignment.objects.get().state == State.REFUSED
    assert story(lead) == [f"{ana.pk}>{stranger.pk} taking"]


def test_both_notes_are_written_once_and_in_order(office, cast):
    ana, ben, *_ = cast
    lead = office.lead(0)
    plan(
        ana, ben, start_note="{covering} for {away}: {lead}", return_note="{away} again"
    )

    go(office)
    go(office, MONDAY + DAY)

    lead.refresh_from_db()
    first, second = office.notes(lead)
    assert first.startswith(f"{ben} for {ana}: {lead}")
    assert second.startswith(f"{ana} again")


def test_one_broken_coverage_does_not_stop_the_others(office, cast, monkeypatch):
    ana, ben, cem, dua = cast
    lead, other = office.lead(0), office.lead(2, number=1)
    broken = plan(ana, ben)
    plan(cem, dua)
    real = tick.apply_decisions

    def carry_out(coverage, *args, **kwargs):
        if coverage.pk == broken.pk:
            raise RuntimeError("broken")
        return real(coverage, *args, **kwargs)

    monkeypatch.setattr(tick, "apply_decisions", carry_out)
    go(office)

    broken.refresh_from_db()
    assert owner_of(lead) == ana
    assert owner_of(other) == dua
    assert broken.failed_at is not None


@pytest.mark.parametrize("count", [3, 30])
def test_queries_do_not_grow_with_the_leads(
    office, cast, count, django_assert_max_num_queries
):
    ana, ben, cem, _ = cast
    for number in range(count):
        office.lead(0, number=number)
    plan(ana, ben, cem)

    with django_assert_max_num_queries(75):
        tick.tick(MONDAY)
    office.dispatch()

    with django_assert_max_num_queries(70):
        tick.tick(MONDAY + DAY)
