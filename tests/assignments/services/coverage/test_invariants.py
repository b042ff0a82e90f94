"""The audit sees what a coverage must never do."""

import pytest

from assignments.models import Coverage, Hold, Lead
from assignments.services.coverage import invariants as coverage_invariants
from assignments.services.operations import invariants
from tests.assignments.services.coverage.scenario import DAY, go, plan
from tests.factories import MONDAY


@pytest.fixture
def held(office) -> Lead:
    lead = office.lead(0)
    plan(*office.members[:2], start_note="Covered.", return_note="Back.")
    go(office)
    return lead


def broken(office) -> set[str]:
    findings = invariants.check_invariants(at=office.clock.now)
    return {one.promise for one in findings if not one.is_kept} & set(
        coverage_invariants.INVARIANTS
    )


def test_a_coverage_that_runs_and_ends_breaks_nothing(office, held):
    during = broken(office)
    go(office, MONDAY + DAY)

    assert during == broken(office) == set()


def test_a_lead_that_lies_elsewhere_is_seen(office, held):
    Lead.objects.filter(pk=held.pk).update(owner=office.members[3])

    assert broken(office) == {"A held lead is with whom its last hold names."}


def test_a_hold_of_a_coverage_that_is_over_is_seen(office, held):
    Coverage.objects.update(state=Coverage.State.COMPLETED)

    assert broken(office) == {"A coverage that is over holds nothing."}


def test_a_hold_that_waits_for_nothing_is_seen(office, held):
    Hold.objects.update(state=Hold.State.TAKING, taken_at=None)

    assert broken(office) == {"A lead that is being handed over has its change."}
