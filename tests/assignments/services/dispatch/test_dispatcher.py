"""What goes first, what is left alone, and that nothing starves."""

from datetime import timedelta

from assignments.models import Account, Assignment, Lead
from assignments.models.assignment import Cause, State, Urgency
from assignments.sandbox.faults import FaultKind
from assignments.services import account as accounts
from assignments.services.dispatch import queue
from assignments.services.dispatch.dispatcher import Dispatcher, is_work_left
from assignments.services.dispatch.queue import DispatchJob
from tests.dispatch_harness import DispatchHarness, state_of
from tests.factories import MONDAY, make_assignment, make_manager


def bulk_row(office: DispatchHarness, number: int, **fields) -> Assignment:
    fields.setdefault("created_at", office.clock() - timedelta(hours=1))
    return make_assignment(
        office.lead(number=number),
        office.members[1],
        cause=Cause.BULK,
        urgency=Urgency.BULK,
        **fields,
    )


def click(office: DispatchHarness, number: int) -> Assignment:
    lead = office.lead(number=number)
    return make_assignment(lead, office.members[2], created_at=office.clock())


def claim(office: DispatchHarness, **how) -> queue.DispatchClaim | None:
    return queue.claim_next(accounts.current_account(), office.clock(), **how)


class TestOrder:
    def test_a_click_goes_before_a_batch_that_waited_longer(self, office):
        bulk_row(office, 0)
        row = click(office, 1)

        assert claim(office).pk == row.pk

    def test_every_fifth_slot_goes_to_the_oldest_row(self, office):
        oldest = bulk_row(office, 0)
        click(office, 1)

        assert claim(office, oldest=True).pk == oldest.pk

    def test_a_slot_taken_for_a_click_is_not_spent_on_a_batch(self, office):
        bulk_row(office, 0)

        assert claim(office, clicks_only=True) is None

    def test_nobody_claims_a_row_on_top_of_one_that_is_being_sent(self, office):
        row = click(office, 0)
        claim(office)
        make_assignment(row.lead, office.members[3], after=row)

        assert claim(office) is None

    def test_a_paused_batch_waits(self, office):
        row = bulk_row(office, 0)
        row.batch = type(row).batch.field.related_model.objects.create(
            cause=Cause.BULK,
            actor=make_manager(),
            reason="A batch.",
            created_at=MONDAY,
            paused_at=MONDAY,
        )
        row.save()

        assert claim(office) is None

    def test_a_recheck_is_claimed_once(self, office):
        lead = office.lead()
        Lead.objects.filter(pk=lead.pk).update(recheck_at=office.clock())

        assert claim(office).job == DispatchJob.RECHECK
        assert claim(office) is None


class TestOldestRows:
    """Leads read just now, so that each turn is one write."""

    def rows(
        self, office: DispatchHarness, count: int, urgency: Urgency
    ) -> list[Assignment]:
        leads = [office.lead(number=number) for number in range(1, count + 1)]
        Lead.objects.update(owner_sure_at=office.clock())
        return [
            make_assignment(lead, office.members[1], urgency=urgency) for lead in leads
        ]

    def test_every_fifth_call_is_for_the_oldest_row(self, office):
        oldest = bulk_row(office, 0)
        coverage = self.rows(office, 6, Urgency.COVERAGE_START)

        office.take_turns(5)

        assert state_of(oldest) == State.DONE
        assert [state_of(row) for row in coverage].count(State.DONE) == 4

    def test_while_somebody_waits_for_clicks_it_is_every_fifteenth(self, office):
        oldest = bulk_row(office, 0)
        self.rows(office, 16, Urgency.CLICK)

        dispatcher = office.take_turns(14)
        assert state_of(oldest) == State.WAITING
        dispatcher.take_turn(office.clock())

        assert state_of(oldest) == State.DONE


def test_while_bulk_is_paused_clicks_go_out_and_batches_wait(office):
    batch, person = bulk_row(office, 0), click(office, 1)
    accounts.pause_bulk(reason="Three were refused.", at=office.clock())

    office.dispatch()

    assert (state_of(batch), state_of(person)) == (State.WAITING, State.DONE)


class TestOutage:
    def test_during_an_outage_one_probe_a_minute_is_sent(self, office):
        row = click(office, 0)
        office.world.faults.often(FaultKind.UNAVAILABLE, 1.0)

        office.dispatch()
        calls = len(office.world.call_log.calls())
        office.clock.advance(30)
        office.dispatch()

        assert len(office.world.call_log.calls()) == calls
        assert state_of(row) == State.WAITING

    def test_one_fault_is_not_shown(self, office):
        click(office, 0)
        office.world.faults.next(FaultKind.ERROR, call="thread")

        office.dispatch()

        assert not accounts.is_outage_confirmed(Account.objects.get())

    def test_an_outage_is_shown_after_a_second_failed_probe(self, office):
        click(office, 0)
        office.world.faults.often(FaultKind.UNAVAILABLE, 1.0)

        office.dispatch()

        account = Account.objects.get()
        assert accounts.is_outage_confirmed(account)
        assert account.outage_sentence


def test_until_empty_waits_for_leases_and_back_offs(office):
    row = click(office, 0)
    office.world.faults.next(FaultKind.LOST_ANSWER, call="owner")

    def oversleep(seconds: float) -> None:
        office.clock.advance(6 * seconds)  # fewer looks on the way to the same end

    Dispatcher(office.desk, sleep=oversleep).run_until_empty()

    assert state_of(row) == State.DONE
    assert not is_work_left(accounts.current_account())


def test_until_empty_leaves_what_a_person_has_paused(office):
    row = click(office, 0)
    Account.objects.update(paused_at=office.clock())

    Dispatcher(office.desk, sleep=office.clock.advance).run_until_empty()

    assert state_of(row) == State.WAITING


def test_a_recheck_that_agrees_changes_nothing(office):
    lead = office.lead()
    Lead.objects.filter(pk=lead.pk).update(recheck_at=office.clock())

    office.dispatch()

    lead.refresh_from_db()
    assert (lead.owner, lead.recheck_at) == (office.members[0], None)
    assert not lead.assignments.exists()
