"""An undo that would give a lead to somebody who is away by now."""

import pytest

from assignments.models import Assignment, CoveredLead, Member
from assignments.services.errors import NeedsConfirmation
from assignments.services.ledger import assign as ledger_assign
from assignments.services.ledger.undo import undo_assignment
from tests.assignments.services.coverage.scenario import (
    DAY,
    HOUR,
    go,
    owner_of,
    plan,
)
from tests.factories import make_manager


@pytest.fixture
def cast(office) -> list[Member]:
    """Ana away, Ben covers; Cem and Dua beside them."""
    return office.members[:4]


def assign(office, lead, to, **words):
    boss = make_manager()
    row = ledger_assign.assign_lead(
        lead=lead, to=to, actor=boss, at=office.clock(), **words
    )
    office.dispatch()
    return row


class TestUndoToSomebodyAwayByThen:
    """Ana gave a lead to Cem by hand, and is away when that is undone."""

    @pytest.fixture
    def moved(self, office, cast) -> Assignment:
        """Moved from Ana to Cem before the absence that has begun by now."""
        ana, ben, cem, _ = cast
        row = assign(office, office.lead(0), cem)
        starts_at = office.clock() + HOUR
        plan(ana, ben, starts_at=starts_at, ends_at=starts_at + DAY)
        office.clock.advance(HOUR.total_seconds() + 60)
        go(office, office.clock())
        return Assignment.objects.get(pk=row.pk)

    def undo(self, office, row, **words) -> None:
        undo_assignment(
            assignment=row, actor=make_manager(), at=office.clock(), **words
        )
        office.dispatch()

    def test_it_asks_first(self, office, moved):
        with pytest.raises(NeedsConfirmation, match="is away until"):
            self.undo(office, moved)

        assert owner_of(moved.lead) == moved.to

    def test_being_told_of_one_absence_does_not_agree_to_another(self, office, moved):
        with pytest.raises(NeedsConfirmation):
            self.undo(office, moved, although_away=[moved.to_id])

    def test_confirmed_it_is_an_arrival_of_the_coverage_that_began_since(
        self, office, cast, moved
    ):
        ana, ben, *_ = cast

        self.undo(office, moved, although_away=[ana.pk])
        go(office, office.clock())

        assert not CoveredLead.objects.filter(pinned_at__isnull=False).exists()
        assert owner_of(moved.lead) == ben

    def test_of_a_move_made_during_the_absence_it_pins_the_lead_as_it_was(
        self, office, cast
    ):
        ana, ben, cem, _ = cast
        lead = office.lead(0)
        plan(ana, ben)
        go(office)
        assign(office, lead, ana)  # by hand, although Ana is away
        row = assign(office, lead, cem)

        row.refresh_from_db()
        self.undo(office, row, although_away=[ana.pk])
        go(office, office.clock())

        assert owner_of(lead) == ana
