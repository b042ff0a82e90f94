"""Failed calls: the fault of the row, or of everybody.

See docs/design/design.md, rule 10.
"""

from datetime import timedelta

import pytest

from assignments.models import Account, Assignment, Lead, Member
from assignments.models.assignment import Cause, State, Urgency
from assignments.sandbox.faults import FaultKind
from assignments.services import account as accounts
from assignments.services.ledger.assign import assign_lead
from assignments.smartlead.client import Client
from assignments.smartlead.errors import Refused
from tests.dispatch_harness import DispatchHarness, state_of
from tests.factories import make_assignment, make_manager, make_member

HOUR = timedelta(hours=1)


def click(office: DispatchHarness, number: int = 0) -> Assignment:
    return assign_lead(
        lead=office.lead(number=number),
        to=office.members[1],
        actor=make_manager(),
        at=office.clock(),
    )


class TestAnswers:
    def test_too_many_calls_count_as_no_failure(self, office):
        row = click(office)
        office.world.faults.next(FaultKind.TOO_MANY, call="owner")

        office.take_turns(2)

        assert (state_of(row), row.failures, row.sends) == (State.WAITING, 0, 0)
        assert Account.objects.get().outage_since is None

    def test_a_5xx_is_counted_and_the_row_waits_a_while(self, office):
        row = click(office)
        office.world.faults.next(FaultKind.ERROR, call="owner")

        office.dispatch()
        office.settle()

        assert (state_of(row), row.failures) == (State.WAITING, 1)
        assert row.not_before > office.clock()

    @pytest.mark.parametrize(
        "kind", [FaultKind.ERROR_INSIDE, FaultKind.EMPTY_UNAPPLIED]
    )
    def test_a_200_without_a_yes_is_neither_a_yes_nor_a_no(self, office, kind):
        row = click(office)
        office.world.faults.next(kind, call="owner")

        office.dispatch()
        assert state_of(row) == State.WAITING
        office.settle()

        assert state_of(row) == State.DONE
        assert office.world.owner(row.lead_id) == row.to_id

    @pytest.mark.parametrize("kind", [FaultKind.EMPTY, FaultKind.PLAIN_TEXT])
    def test_one_that_was_applied_is_not_repeated(self, office, kind):
        row = click(office)
        office.world.faults.next(kind, call="owner")

        office.dispatch()
        office.settle()

        assert state_of(row) == State.DONE
        assert len(office.writes()) == 1

    def test_a_refused_read_refuses_the_row(self, office, monkeypatch):
        def refuse(*_: object) -> None:
            raise Refused("This lead is archived", status=422)

        monkeypatch.setattr(Client, "lead", refuse)
        row = click(office)

        office.dispatch()

        assert state_of(row) == State.REFUSED
        assert row.outcome == "Smartlead refused it: “This lead is archived”"


class TestGivingUp:
    """The next failure of a row that has failed before."""

    def fail_once_more(
        self,
        office: DispatchHarness,
        *,
        failures: int = 7,
        since: timedelta = HOUR,
        other_since: timedelta | None = HOUR / 2,
        other_sends: int = 1,
    ) -> Assignment:
        row, now = click(office), office.clock()
        Assignment.objects.filter(pk=row.pk).update(
            failures=failures, first_failed_at=now - since
        )
        if other_since is not None:
            make_assignment(
                office.lead(number=1),
                office.members[1],
                state=State.DONE,
                sends=other_sends,
                finished_at=now - other_since,
            )
        office.world.faults.next(FaultKind.ERROR, call="owner")
        office.dispatch()
        office.settle()
        row.refresh_from_db()
        return row

    def test_the_eighth_failure_in_an_hour_refuses_it(self, office):
        row = self.fail_once_more(office)

        assert row.state == State.REFUSED
        assert row.outcome.startswith("Given up after 8 failed attempts.")

    def test_seven_failures_do_not_refuse_it(self, office):
        assert self.fail_once_more(office, failures=6).state == State.WAITING

    def test_eight_failures_in_less_than_an_hour_do_not_refuse_it(self, office):
        since = HOUR - timedelta(minutes=5)

        assert self.fail_once_more(office, since=since).state == State.WAITING

    def test_it_waits_as_long_as_no_other_row_is_done(self, office):
        assert self.fail_once_more(office, other_since=None).state == State.WAITING

    def test_rows_done_before_its_first_failure_do_not_count(self, office):
        row = self.fail_once_more(office, other_since=2 * HOUR)

        assert row.state == State.WAITING

    def test_rows_done_without_a_call_do_not_count(self, office):
        assert self.fail_once_more(office, other_sends=0).state == State.WAITING


class TestPauseOfBulk:
    """Bulk is paused when Smartlead refuses three leads in a row in the same words."""

    @pytest.fixture
    def strangers(self) -> list[int]:
        """Members that Smartlead does not know."""
        return [make_member(f"Nia {id_}", id=id_).pk for id_ in (98, 99)]

    def send(self, office: DispatchHarness, number: int, to_id: int) -> None:
        map_id = sorted(office.world.owners())[number]
        lead = Lead.objects.filter(pk=map_id).first() or office.lead(number=number)
        make_assignment(
            lead,
            Member.objects.get(pk=to_id),
            cause=Cause.BULK,
            urgency=Urgency.BULK,
            created_at=office.clock(),
        )
        office.dispatch()

    def is_paused(self) -> bool:
        return Account.objects.get().bulk_paused_at is not None

    def test_three_leads_refused_in_the_same_words_pause_bulk(self, office):
        stranger = make_member("Nia New", id=99)
        rows = [
            make_assignment(
                office.lead(number=n),
                stranger,
                cause=Cause.BULK,
                urgency=Urgency.BULK,
                created_at=office.clock(),
            )
            for n in range(4)
        ]

        office.dispatch()

        assert [state_of(row) for row in rows] == [State.REFUSED] * 3 + [State.WAITING]
        assert "Team member not found" in Account.objects.get().bulk_pause_reason

    def test_two_refusals_do_not(self, office, strangers):
        for number in range(2):
            self.send(office, number, strangers[0])

        assert not self.is_paused()

    def test_one_lead_refused_three_times_does_not(self, office, strangers):
        for _ in range(3):
            self.send(office, 0, strangers[0])

        assert not self.is_paused()

    def test_three_refusals_in_different_words_do_not(self, office, strangers):
        for number, to_id in enumerate([*strangers, strangers[0]]):
            self.send(office, number, to_id)

        assert not self.is_paused()

    def test_three_refusals_with_a_done_row_between_do_not(self, office, strangers):
        known, unknown = office.members[1].pk, strangers[0]
        for number, to_id in enumerate([unknown, unknown, known, unknown]):
            self.send(office, number, to_id)

        assert not self.is_paused()

    def test_three_refusals_without_a_call_do_not(self, office):
        ben = office.members[1]
        type(ben).objects.filter(pk=ben.pk).update(is_active=False)
        for number in range(3):
            self.send(office, number, ben.pk)

        assert not self.is_paused()

    def test_after_resuming_it_takes_three_new_refusals(self, office, strangers):
        for number in range(3):
            self.send(office, number, strangers[0])
        accounts.resume_bulk(actor=make_manager(), at=office.clock())
        self.send(office, 3, strangers[0])

        assert not self.is_paused()
