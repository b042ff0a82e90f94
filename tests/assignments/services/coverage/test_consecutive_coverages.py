"""Away again when the leads should go back: the next coverage takes them over."""

from assignments.services.coverage import tick
from tests.assignments.services.coverage.scenario import (
    DAY,
    go,
    owner_of,
    plan,
    story,
)
from tests.factories import MONDAY


def test_away_again_means_carried_over_without_a_move(office, cast):
    ana, ben, *_ = cast
    lead = office.lead(0)
    plan(ana, ben)
    plan(ana, ben, starts_at=MONDAY + DAY, ends_at=MONDAY + 2 * DAY)
    go(office)

    go(office, MONDAY + DAY)
    carried = story(lead)
    go(office, MONDAY + 2 * DAY)

    assert carried == [f"{ana.pk}>{ben.pk} carried_over", f"{ana.pk}>{ben.pk} live"]
    assert len(office.writes()) == 2
    assert owner_of(lead) == ana


def test_away_again_with_another_coverer_goes_straight_to_them(office, cast):
    ana, ben, cem, _ = cast
    lead = office.lead(0)
    plan(ana, ben)
    plan(ana, cem, starts_at=MONDAY + DAY, ends_at=MONDAY + 2 * DAY)
    go(office)

    go(office, MONDAY + DAY)

    assert office.writes()[1:] == [(lead.pk, cem.pk)]
    assert story(lead) == [
        f"{ana.pk}>{ben.pk} carried_over",
        f"{ana.pk}>{cem.pk} live",
    ]


def test_a_second_tick_leaves_a_carried_over_plan_alone(office, cast):
    ana, ben, cem, dua = cast
    lead = office.lead(0)
    plan(ana, ben)
    plan(ana, cem, dua, starts_at=MONDAY + DAY, ends_at=MONDAY + 2 * DAY)
    go(office)

    tick.tick(MONDAY + DAY)
    tick.tick(MONDAY + DAY)

    assert lead.assignments.filter(cause="coverage_start").count() == 2


def test_carried_over_from_somebody_away_it_goes_on_in_the_same_tick(office, cast):
    ana, ben, cem, _ = cast
    lead = office.lead(0)
    plan(ana, ben)
    plan(ana, ben, starts_at=MONDAY + DAY, ends_at=MONDAY + 3 * DAY)
    plan(ben, cem, starts_at=MONDAY + DAY, ends_at=MONDAY + 2 * DAY)
    go(office)

    tick.tick(MONDAY + DAY)
    first = lead.assignments.count()
    tick.tick(MONDAY + DAY)
    office.clock.now = MONDAY + DAY
    office.dispatch()

    assert lead.assignments.count() == first
    assert owner_of(lead) == cem
    assert story(lead)[1:] == [f"{ana.pk}>{ben.pk} live", f"{ben.pk}>{cem.pk} live"]
