"""How well the owner must be known before it is replaced.

See docs/design/design.md, rule 3.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from assignments.models import Assignment, Lead
from assignments.models.assignment import Cause, State, Urgency
from assignments.services.ledger.assign import assign_lead
from assignments.smartlead.client import Client
from assignments.smartlead.records import LeadRow
from tests.dispatch_harness import DispatchHarness, state_of
from tests.factories import make_assignment, make_manager


def click(office: DispatchHarness, lead: Lead) -> Assignment:
    return assign_lead(
        lead=lead, to=office.members[1], actor=make_manager(), at=office.clock()
    )


def bulk_row(office: DispatchHarness, lead: Lead) -> Assignment:
    return make_assignment(
        lead,
        office.members[1],
        cause=Cause.BULK,
        urgency=Urgency.BULK,
        created_at=office.clock(),
    )


def know_owner(office: DispatchHarness, lead: Lead, **moments) -> None:
    Lead.objects.filter(pk=lead.pk).update(
        **(dict.fromkeys(("owner_known_at", "owner_sure_at"), office.clock()) | moments)
    )


def kinds(office: DispatchHarness) -> list[str]:
    return [call.kind for call in office.world.call_log.calls()]


@pytest.mark.parametrize(
    ("decide", "age", "calls"),
    [
        (click, 9, ["owner"]),
        (click, 10, ["thread", "owner"]),
        (bulk_row, 59, ["owner"]),
        (bulk_row, 60, ["thread", "owner"]),
    ],
)
def test_a_read_counts_ten_seconds_for_a_click_and_sixty_for_a_batch(
    office, decide, age, calls
):
    lead = office.lead()
    know_owner(office, lead)
    office.clock.advance(age)

    decide(office, lead)
    office.dispatch()

    assert kinds(office) == calls


def test_what_a_list_said_is_not_enough(office):
    lead = office.lead()
    know_owner(office, lead, owner_sure_at=None)

    click(office, lead)
    office.dispatch()

    assert kinds(office) == ["thread", "owner"]


def test_a_read_counts_from_when_it_was_asked(office, at_step):
    row = click(office, office.lead())
    at_step("reading", lambda: office.clock.advance(10))

    office.take_turns(3)

    assert office.writes() == []
    assert state_of(row) == State.WAITING


class TestUnknownOwner:
    """Nobody could say whose lead it was when the decision was made."""

    @pytest.fixture
    def lead(self, office) -> Lead:
        lead = office.lead()
        know_owner(office, lead, owner=None, owner_known_at=None, owner_sure_at=None)
        return Lead.objects.get(pk=lead.pk)

    def test_once_read_it_is_the_owner_that_the_row_expects(self, office, lead):
        row = click(office, lead)

        office.dispatch()

        assert (state_of(row), row.expected) == (State.DONE, office.members[0])

    def test_a_lead_that_was_theirs_all_along_is_not_written(self, office, lead):
        office.world.assign_outside(lead.pk, office.members[1].pk)
        row = click(office, lead)

        office.dispatch()

        assert state_of(row) == State.SKIPPED
        assert row.outcome.endswith("has had it all along.")
        assert office.writes() == []


class TestWithheldOwner:
    """Smartlead's answer for this one lead does not name its owner at all."""

    @pytest.fixture(autouse=True)
    def _withheld(self, monkeypatch):
        def lead(client: Client, map_id: int) -> LeadRow | None:
            row = lead_really(client, map_id)
            return row and replace(row, owner_id=None, owner_known=False)

        lead_really = Client.lead
        monkeypatch.setattr(Client, "lead", lead)

    def test_an_owner_nobody_knew_is_replaced_after_a_fresh_read(self, office):
        lead = office.lead()
        unknown = {"owner": None, "owner_known_at": None, "owner_sure_at": None}
        know_owner(office, lead, **unknown, owner_withheld_at=office.clock())
        office.clock.advance(10)

        row = click(office, Lead.objects.get(pk=lead.pk))
        office.dispatch()

        assert state_of(row) == State.DONE
        assert kinds(office) == ["thread", "owner"]

    def test_a_known_owner_is_not_replaced_unread_and_the_row_waits(self, office):
        row = click(office, office.lead())

        office.dispatch()

        assert (state_of(row), kinds(office)) == (State.WAITING, ["thread"])
        assert row.outcome == "Smartlead does not say who has this lead."
        assert row.not_before > office.clock()


def test_an_owner_known_by_a_clock_ahead_of_ours_is_waited_for(
    office,
):
    lead = office.lead()
    ahead = office.clock.now + timedelta(seconds=20)
    know_owner(office, lead, owner_known_at=ahead, owner_sure_at=None)

    row = click(office, lead)
    office.dispatch()
    assert kinds(office) == ["thread"]
    office.clock.advance(21)
    office.dispatch()

    assert kinds(office) == ["thread", "thread", "owner"]
    assert state_of(row) == State.DONE
