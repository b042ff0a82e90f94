"""The checks find each broken rule, and forgive what nobody can prevent."""

from dataclasses import replace

from tests.trials.process_killer import TrialEvent
from tests.trials.rule_checks import check_rules
from tests.trials.trial_record import (
    AssignmentRow,
    FinalLead,
    NoteCall,
    NoteRow,
    OwnerChange,
    TrialRecord,
)

ANA, BEN, CEM, OUTSIDE_OWNER = 1, 2, 3, 100_001
ROW = AssignmentRow(
    pk=1,
    lead=7,
    to=BEN,
    expected=ANA,
    cause="manual",
    urgency=0,
    state="done",
    found=None,
    sends=1,
    created_at=10.0,
    finished_at=12.0,
    after=None,
    outcome="",
)
WRITE = OwnerChange(
    map_id=7, seq=1, before=ANA, after=BEN, is_ours=True, sent_at=11.0, at=11.0
)
OUTSIDE_CHANGE = OwnerChange(
    map_id=7, seq=1, before=ANA, after=OUTSIDE_OWNER, is_ours=False, sent_at=9.0, at=9.0
)
NOTE = NoteRow(pk=1, lead=7, assignment=1, reference="H-ABC", state="done")
NOTE_CALL = NoteCall(map_id=7, text="Hello H-ABC", transit=0.1)


def make_record(*, changes=(WRITE,), rows=(ROW,), end: int | None = BEN, **more):
    return TrialRecord(
        changes=list(changes),
        rows=list(rows),
        notes=more.pop("notes", []),
        note_calls=more.pop("note_calls", []),
        leads=[FinalLead(pk=7, owner=more.pop("owner", end), real_owner=end)],
        fresh_click=0.5,
        fresh=3.0,
        quiet=3.0,
        scale=0.05,
        **more,
    )


def broken_rules(record: TrialRecord) -> set[str]:
    return {violation.rule for violation in check_rules(record).violations}


def test_an_honest_history_is_clean():
    assert broken_rules(make_record()) == set()


class TestCompareBeforeWrite:
    def after(self, seconds: float, **row) -> TrialRecord:
        write = replace(WRITE, seq=2, before=OUTSIDE_OWNER, at=9 + seconds)
        write = replace(write, sent_at=write.at)
        decided = {"created_at": 8.5, "finished_at": 30.0} | row
        return make_record(
            changes=[OUTSIDE_CHANGE, write], rows=[replace(ROW, **decided)]
        )

    def test_a_click_over_an_owner_set_long_before_is_seen(self):
        assert broken_rules(self.after(1.0)) == {"compare before write"}

    def test_within_the_freshness_of_a_read_nobody_can_know(self):
        assert broken_rules(self.after(0.4)) == set()

    def test_a_bulk_row_may_stand_on_an_older_read(self):
        assert broken_rules(self.after(2.0, urgency=4)) == set()
        assert broken_rules(self.after(4.0, urgency=4)) == {"compare before write"}

    def test_a_decision_that_expects_the_outside_owner_is_allowed(self):
        assert broken_rules(self.after(10.0, expected=OUTSIDE_OWNER)) == set()

    def test_a_row_that_expects_an_outside_owner_too_early_is_seen(self):
        observed = replace(
            ROW,
            pk=2,
            cause="outside",
            to=OUTSIDE_OWNER,
            created_at=10.5,
            finished_at=10.5,
        )
        write = replace(WRITE, seq=2, before=OUTSIDE_OWNER)
        record = make_record(
            changes=[OUTSIDE_CHANGE, write],
            rows=[replace(ROW, expected=OUTSIDE_OWNER), observed],
        )

        assert broken_rules(record) == {"compare before write"}


class TestOrder:
    newer = replace(ROW, pk=2, to=CEM, expected=BEN, created_at=12.5, finished_at=20.0)

    def test_an_older_decision_that_lands_after_a_newer_is_seen(self):
        first = replace(WRITE, after=CEM, sent_at=13.0, at=13.0)
        second = replace(WRITE, seq=2, before=CEM, sent_at=14.0, at=14.0)
        rows = [replace(ROW, finished_at=15.0), self.newer]

        broken = broken_rules(make_record(changes=[first, second], rows=rows))

        assert broken == {"no older decision undoes a newer"}

    def test_one_that_hung_for_longer_than_anybody_waits_is_listed_apart(self):
        first = replace(WRITE, after=CEM, sent_at=13.0, at=13.0)
        second = replace(WRITE, seq=2, before=CEM, sent_at=11.0, at=14.5)
        rows = [replace(ROW, state="cancelled"), self.newer]

        report = check_rules(make_record(changes=[first, second], rows=rows))

        assert report.is_clean
        assert report.late == [second]

    def test_a_write_that_no_row_wanted_is_seen(self):
        late = replace(WRITE, seq=2, before=BEN, after=CEM, sent_at=40.0, at=40.0)

        broken = broken_rules(make_record(changes=[WRITE, late], end=CEM))

        assert broken == {"a decision for every write"}


class TestFinalStates:
    def test_done_without_a_write_is_seen(self):
        assert broken_rules(make_record(changes=[])) == {"the final state is true"}

    def test_cancelled_and_written_all_the_same_is_seen(self):
        record = make_record(rows=[replace(ROW, state="cancelled")])

        assert broken_rules(record) == {"the final state is true"}

    def test_overtaken_by_nobody_is_seen(self):
        row = replace(ROW, state="overtaken", found=OUTSIDE_OWNER)

        record = make_record(changes=[], rows=[row], end=ANA)

        assert broken_rules(record) == {"the final state is true"}

    def test_a_row_that_still_waits_is_stuck(self):
        row = replace(ROW, state="waiting", finished_at=None)

        record = make_record(changes=[], rows=[row], end=ANA)

        assert broken_rules(record) == {"no row is stuck"}

    def test_a_mirror_that_ends_with_another_owner_is_seen(self):
        assert broken_rules(make_record(owner=ANA)) == {"the mirror ends true"}


def test_an_outside_change_that_nobody_made_is_seen():
    observed = replace(
        ROW, pk=2, cause="outside", to=OUTSIDE_OWNER, created_at=12.0, finished_at=12.0
    )

    assert broken_rules(make_record(rows=[ROW, observed])) == {
        "outside changes are real"
    }


class TestNotes:
    def test_twice_is_once_too_often(self):
        record = make_record(notes=[NOTE], note_calls=[NOTE_CALL, NOTE_CALL])

        assert broken_rules(record) == {"every note once"}

    def test_one_that_never_came_is_seen(self):
        assert broken_rules(make_record(notes=[NOTE])) == {"every note once"}

    def test_one_of_an_assignment_that_did_not_happen_is_seen(self):
        cancelled = replace(NOTE, state="cancelled")
        record = make_record(notes=[cancelled], note_calls=[NOTE_CALL])

        assert broken_rules(record) == {"every note once"}

    def test_unconfirmed_is_allowed_only_where_notes_cannot_be_read(self):
        notes = [replace(NOTE, state="unconfirmed")]

        assert broken_rules(make_record(notes=notes)) == {"every note once"}
        assert broken_rules(make_record(notes=notes, notes_are_readable=False)) == set()


def test_a_process_that_broke_is_seen():
    said = TrialEvent(at=1.0, who="worker-1/1", what="failed", details={"trace": "Oh."})

    assert broken_rules(make_record(events=[said])) == {"nothing breaks"}
