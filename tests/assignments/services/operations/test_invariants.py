"""Each promise is broken behind the back of the code, and the audit names it."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from assignments.models import Account, Assignment, Lead, Note, Reply
from assignments.models.assignment import Cause, State
from assignments.services import account
from assignments.services.coverage import invariants as coverage_invariants
from assignments.services.ledger.assign import assign_lead
from assignments.services.operations import invariants
from assignments.services.replies.record import record_mails
from tests.dispatch_harness import DispatchHarness
from tests.factories import (
    MONDAY,
    make_account,
    make_assignment,
    make_lead,
    make_manager,
    make_member,
)

pytestmark = pytest.mark.django_db
BROKEN = {
    "ledger": "A lead has at most one waiting and one sending change.",
    "claim": "Every change that is being sent is claimed.",
    "token": "What is over is claimed by nobody.",
    "after": "A change decided on top of another expects what that one left.",
    "actor": "Every change has its cause, its reason, and a person's its actor.",
    "end": "A change has an end exactly if it is over.",
    "gone": "No change waits for a lead that is gone.",
    "stuck": "Nothing hangs longer than a lease and the time to settle it.",
    "note": "A change carries one note of a kind, each with its own reference.",
    "rootless": "Notes are sent only for changes that were made.",
    "untold": "Every owner was told by Smartlead at a known moment.",
    "apart": "Every lead is with whom its last change gave it to.",
    "answers": "Every answer is as mails and ledger tell it.",
    "account": "The database belongs to the account of the settings.",
    "guard": "The database keeps its own guard over all this.",
}


def broken_promises() -> set[str]:
    found = invariants.check_invariants(at=MONDAY + timedelta(hours=1))
    return {finding.promise for finding in found if not finding.is_kept}


def without_constraint(model: type, name: str) -> None:
    """For the rest of the test's transaction the table bears anything."""
    table = model._meta.db_table
    (constraint,) = (c for c in model._meta.constraints if c.name == name)
    is_index = getattr(constraint, "condition", None) and hasattr(constraint, "fields")
    if is_index:
        run(f"DROP INDEX {name}")
    elif connection.vendor == "postgresql":
        run(
            "SET CONSTRAINTS ALL IMMEDIATE",
            f"ALTER TABLE {table} DROP CONSTRAINT {name}",
        )
    elif hasattr(constraint, "fields"):
        copy = f"CREATE TABLE copy AS SELECT * FROM {table}"
        run(copy, f"DROP TABLE {table}", f"ALTER TABLE copy RENAME TO {table}")
    else:
        run("PRAGMA ignore_check_constraints = ON")


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture(autouse=True)
def _checks_again(db):
    yield
    if connection.vendor == "sqlite":
        run("PRAGMA ignore_check_constraints = OFF")


def without_trigger() -> None:
    suffix = f" ON {invariants.TABLE}" if connection.vendor == "postgresql" else ""
    run(f"DROP TRIGGER {invariants.TRIGGER}{suffix}")


@pytest.fixture
def ana():
    return make_member("Ana Sousa")


@pytest.fixture
def ben():
    return make_member("Ben Okafor")


@pytest.fixture
def row(ana, ben) -> Assignment:
    """A waiting change from Ana to Ben."""
    make_account()
    return make_assignment(make_lead(owner=ana), ben)


@pytest.fixture
def done(row) -> Assignment:
    """The same, and done."""
    change(row, state=State.DONE, finished_at=MONDAY)
    Lead.objects.filter(pk=row.lead_id).update(owner=row.to)
    return row


def change(row: Assignment, **fields) -> None:
    Assignment.objects.filter(pk=row.pk).update(**fields)
    row.refresh_from_db()


def note_on(row: Assignment, **fields) -> Note:
    values = {
        "lead": row.lead,
        "assignment": row,
        "text": "Please call back.",
        "reference": f"H-{row.pk}",
        "created_at": MONDAY,
    }
    return Note.objects.create(**(values | fields))


def test_an_honest_database_breaks_nothing(done, ana):
    make_assignment(make_lead(owner=ana), done.to)
    note_on(done, state="done", finished_at=MONDAY)

    assert broken_promises() == set()


def test_every_promise_is_tried_here():
    elsewhere = set(coverage_invariants.INVARIANTS)  # tried beside the coverages
    assert set(BROKEN.values()) == set(invariants.INVARIANTS) - elsewhere


def test_an_answer_credited_to_somebody_else(row, ana):
    lead = row.lead
    mails = {lead.pk: {(MONDAY, "reply"), (MONDAY, "sent")}}
    record_mails(mails, promised={})
    assert BROKEN["answers"] not in broken_promises()

    Reply.objects.update(owner=make_member("Eve"))

    assert BROKEN["answers"] in broken_promises()


class TestLedger:
    def test_two_waiting_changes_of_one_lead(self, row):
        without_constraint(Assignment, "one_waiting_assignment_per_lead")

        make_assignment(row.lead, row.to)

        assert BROKEN["ledger"] in broken_promises()

    def test_a_sending_change_without_a_claim(self, row):
        without_constraint(Assignment, "a_sending_assignment_has_a_claim")

        change(row, state=State.SENDING)

        assert BROKEN["claim"] in broken_promises()

    def test_a_final_change_with_a_token(self, done):
        change(done, token="left over", lease_until=MONDAY)

        assert broken_promises() == {BROKEN["token"]}

    def test_a_follower_that_expects_somebody_else(self, done, ana):
        make_assignment(done.lead, make_member("Cem"), after=done, expected=ana)

        assert broken_promises() == {BROKEN["after"]}

    def test_a_follower_that_waits_on_an_overtaken_change(self, row, ana):
        change(row, state=State.OVERTAKEN, finished_at=MONDAY)
        make_assignment(row.lead, make_member("Cem"), after=row, expected=ana)

        assert broken_promises() == {BROKEN["after"]}

    def test_a_follower_of_another_leads_change(self, row, ana):
        make_assignment(make_lead(owner=ana), row.to, after=row, expected=row.to)

        assert broken_promises() == {BROKEN["after"]}

    def test_a_persons_change_without_the_person(self, row):
        without_constraint(Assignment, "a_personal_assignment_has_its_actor")

        change(row, actor=None)

        assert BROKEN["actor"] in broken_promises()

    def test_a_change_without_a_reason(self, row):
        without_constraint(Assignment, "every_assignment_has_its_reason")

        change(row, reason="")

        assert BROKEN["actor"] in broken_promises()

    def test_a_final_change_without_its_end(self, row):
        without_constraint(Assignment, "a_final_assignment_has_its_end")

        change(row, state=State.CANCELLED)

        assert BROKEN["end"] in broken_promises()

    def test_a_change_that_waits_for_a_gone_lead(self, row):
        Lead.objects.filter(pk=row.lead_id).update(gone_at=MONDAY)

        assert broken_promises() == {BROKEN["gone"]}

    def test_a_change_that_nobody_settles(self, row):
        change(row, state=State.SENDING, token="dead", lease_until=MONDAY)

        assert broken_promises() == {BROKEN["stuck"]}

    def test_in_an_outage_nothing_moves_and_nothing_is_stuck(self, row):
        change(row, state=State.SENDING, token="dead", lease_until=MONDAY)
        Account.objects.update(outage_since=MONDAY)

        assert broken_promises() == set()

    def test_a_second_look_that_nobody_takes(self, row):
        Lead.objects.filter(pk=row.lead_id).update(recheck_at=MONDAY)

        assert broken_promises() == {BROKEN["stuck"]}


class TestNotes:
    def test_two_of_a_kind_on_one_change(self, done):
        without_constraint(Note, "one_note_per_assignment_and_kind")

        for number in range(2):
            note_on(done, pk=number, reference=f"H-{number}")

        assert BROKEN["note"] in broken_promises()

    def test_one_sent_for_a_change_that_was_not_made(self, row):
        change(row, state=State.CANCELLED, finished_at=MONDAY)

        note_on(row, state="done", finished_at=MONDAY)

        assert broken_promises() == {BROKEN["rootless"]}


class TestLeads:
    def test_an_owner_nobody_told_us(self, row):
        without_constraint(Lead, "lead_has_an_owner_only_if_somebody_told_us")

        Lead.objects.filter(pk=row.lead_id).update(owner_known_at=None)

        assert BROKEN["untold"] in broken_promises()

    def test_an_owner_that_no_change_gave_the_lead_to(self, done, ana):
        Lead.objects.filter(pk=done.lead_id).update(owner=ana)

        assert broken_promises() == {BROKEN["apart"]}

    def test_an_owner_set_in_smartlead_has_a_change_of_its_own(self, done, ana):
        Lead.objects.filter(pk=done.lead_id).update(owner=ana)
        make_assignment(
            done.lead,
            ana,
            cause=Cause.OUTSIDE,
            actor=None,
            state=State.DONE,
            finished_at=MONDAY + timedelta(minutes=1),
        )

        assert broken_promises() == set()


class TestDatabase:
    def test_it_belongs_to_another_account(self, row):
        make_account(fingerprint="another", base_url="http://elsewhere.test")

        assert broken_promises() == {BROKEN["account"]}

    def test_it_sent_changes_and_belongs_to_none(self, done):
        without_trigger()
        change(done, sends=1)

        assert BROKEN["account"] in broken_promises()

    def test_a_lost_trigger(self, row):
        without_trigger()

        assert broken_promises() == {BROKEN["guard"]}

    def test_a_lost_constraint(self, row):
        without_constraint(Assignment, "one_sending_assignment_per_lead")

        assert broken_promises() == {BROKEN["guard"]}


def test_many_offenders_are_counted_and_a_few_named():
    finding = invariants.InvariantCheck(
        "All is well.", tuple(f"lead {n}" for n in range(8))
    )

    assert str(finding) == (
        "All is well. Broken by lead 0, lead 1, lead 2, lead 3, lead 4 and 3 more."
    )


class TestCommand:
    def said(self, *words: str) -> str:
        out = StringIO()
        call_command("audit", *words, stdout=out, no_color=True)
        return out.getvalue()

    def test_it_prints_a_line_for_each_promise(self, done):
        account.bind(MONDAY)

        lines = self.said().splitlines()

        assert len(lines) == len(invariants.INVARIANTS)
        assert all(line.startswith("ok  ") for line in lines)

    def test_it_fails_when_a_promise_is_broken(self, row):
        Lead.objects.filter(pk=row.lead_id).update(gone_at=MONDAY)

        with pytest.raises(CommandError, match="1 broken") as raised:
            self.said()

        assert raised.value.returncode == 1


class TestSmartlead:
    def compared(self, office: DispatchHarness) -> str:
        out = StringIO()
        try:
            call_command("audit", "--smartlead", stdout=out, no_color=True)
        except CommandError:
            return out.getvalue().splitlines()[-1]
        return out.getvalue().splitlines()[-1]

    def test_the_same_owners_here_and_there(self, office):
        office.lead()

        assert self.compared(office).startswith("ok   Every lead has the owner here")

    def test_an_owner_that_differs_is_named_on_both_sides(self, office):
        lead = office.lead()
        office.world.assign_outside(lead.pk, office.members[2].pk)

        said = self.compared(office)

        assert f"lead {lead.pk}" in said
        assert f"{office.members[0]} here, {office.members[2]} there" in said

    def test_a_lead_smartlead_lost_is_named(self, office):
        lead = office.lead()
        office.world.delete_lead(lead.pk)

        assert "Smartlead does not have it" in self.compared(office)

    def test_a_list_that_lags_is_checked_lead_by_lead(self, office):
        lead = office.lead(owner=0)
        office.world.set_behaviour(list_lag=1e6)

        assert self.compared(office).startswith("ok  ")
        kinds = [call.kind for call in office.world.call_log.calls()]
        assert kinds.count("thread") == Lead.objects.filter(pk=lead.pk).count()

    def test_it_writes_nothing(self, office):
        lead = office.lead()
        office.world.assign_outside(lead.pk, office.members[2].pk)

        self.compared(office)

        assert office.writes() == []
        assert Lead.objects.get(pk=lead.pk).owner == office.members[0]
        assert not Assignment.objects.exists()

    def test_what_is_on_its_way_is_left_out(self, office):
        lead = office.lead()
        assign_lead(
            lead=lead, to=office.members[1], actor=make_manager(), at=office.clock()
        )
        office.world.faults.next("lost_answer", call="owner")
        office.dispatch()

        assert self.compared(office).startswith("ok  ")

    def test_a_silent_smartlead_is_no_proof(self, office):
        office.lead()
        office.world.faults.often("unavailable", 1.0)

        assert "could not be read" in self.compared(office)
