import pytest
from django.db import IntegrityError, transaction

from assignments.models import Assignment, Note
from assignments.models.assignment import Cause, HistoryIsKept, State, Urgency
from assignments.services.errors import AssignmentRefused, NotAllowed, Stale
from assignments.services.ledger.assign import (
    assign_lead,
    dismiss_assignment,
    retry_assignment,
)
from assignments.services.ledger.transitions import finalize
from tests.factories import (
    MONDAY,
    make_assignment,
    make_lead,
    make_manager,
    make_member,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def sara():
    return make_manager()


@pytest.fixture
def ana():
    return make_member("Ana Sousa")


@pytest.fixture
def ben():
    return make_member("Ben Okafor")


@pytest.fixture
def cem():
    return make_member("Cem Kaya")


class TestAssign:
    def test_saves_a_waiting_row_that_expects_the_owner(self, sara, ana, ben):
        lead = make_lead(owner=ana)

        row = assign_lead(lead=lead, to=ben, actor=sara, at=MONDAY)

        assert (row.state, row.expected, row.to) == (State.WAITING, ana, ben)
        assert row.reason == "Sara Klein chose Ben Okafor by hand."

    def test_nudges_the_dispatcher_once_the_row_is_saved(
        self, sara, ana, ben, queued, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            assign_lead(lead=make_lead(owner=ana), to=ben, actor=sara, at=MONDAY)

        assert queued == [("assignments.tasks.dispatch",)]

    def test_refuses_when_the_page_showed_another_owner(self, sara, ana, ben, cem):
        lead = make_lead(owner=ana)

        with pytest.raises(Stale, match="is now with Ana Sousa"):
            assign_lead(lead=lead, to=ben, actor=sara, at=MONDAY, expected=cem.pk)

    def test_refuses_when_another_change_is_pending_by_now(self, sara, ana, ben, cem):
        lead = make_lead(owner=ana)
        make_assignment(lead, ben)

        with pytest.raises(Stale, match="is on its way to Ben Okafor"):
            assign_lead(lead=lead, to=cem, actor=sara, at=MONDAY, expected=ana.pk)

    def test_a_newer_decision_replaces_a_waiting_one(self, sara, ana, ben, cem):
        lead = make_lead(owner=ana)
        first = assign_lead(lead=lead, to=ben, actor=sara, at=MONDAY)

        second = assign_lead(lead=lead, to=cem, actor=sara, at=MONDAY, expected=ben.pk)

        first.refresh_from_db()
        assert first.state == State.CANCELLED
        assert second.expected == ana

    def test_it_expects_whom_the_replaced_one_expected(self, sara, ana, ben, cem):
        lead = make_lead(owner=ana)
        assign_lead(lead=lead, to=ben, actor=sara, at=MONDAY)
        type(lead).objects.update(owner=make_member("Dee"))

        row = assign_lead(lead=lead, to=cem, actor=sara, at=MONDAY)

        assert row.expected == ana

    def test_assigning_to_the_same_member_twice_is_one_row(self, sara, ana, ben):
        lead = make_lead(owner=ana)

        rows = {
            assign_lead(lead=lead, to=ben, actor=sara, at=MONDAY).pk for _ in range(2)
        }

        assert len(rows) == 1

    def test_a_click_on_the_target_of_a_bulk_row_makes_it_a_click(self, sara, ana, ben):
        lead = make_lead(owner=ana)
        row = make_assignment(lead, ben, cause=Cause.BULK, urgency=Urgency.BULK)

        assign_lead(lead=lead, to=ben, actor=sara, at=MONDAY)

        row.refresh_from_db()
        assert row.urgency == Urgency.CLICK

    def test_naming_the_present_owner_cancels_what_waits(self, sara, ana, ben):
        lead = make_lead(owner=ana)
        waiting = assign_lead(lead=lead, to=ben, actor=sara, at=MONDAY)

        kept = assign_lead(lead=lead, to=ana, actor=sara, at=MONDAY)

        waiting.refresh_from_db()
        assert waiting.state == State.CANCELLED
        assert kept.state == State.SKIPPED
        assert kept.outcome.startswith("Ana Sousa keeps it")

    def test_naming_the_present_owner_otherwise_is_refused(self, sara, ana):
        with pytest.raises(AssignmentRefused, match="Ana Sousa already has"):
            assign_lead(lead=make_lead(owner=ana), to=ana, actor=sara, at=MONDAY)

    def test_refuses_a_deactivated_member(self, sara, ana, ben):
        ben.is_active = False
        ben.save()

        with pytest.raises(AssignmentRefused, match="deactivated"):
            assign_lead(lead=make_lead(owner=ana), to=ben, actor=sara, at=MONDAY)

    def test_refuses_a_lead_that_is_gone(self, sara, ana, ben):
        lead = make_lead(owner=ana, gone_at=MONDAY)

        with pytest.raises(AssignmentRefused, match="no longer has this lead"):
            assign_lead(lead=lead, to=ben, actor=sara, at=MONDAY)

    def test_a_note_waits_with_its_assignment(self, sara, ana, ben):
        row = assign_lead(
            lead=make_lead(owner=ana), to=ben, actor=sara, at=MONDAY, note=" Hi! "
        )

        note = row.notes.get()
        assert (note.text, note.state) == ("Hi!", Note.State.WAITING)
        assert note.full_text == f"Hi!\n\nSara Klein · {note.reference}"

    def test_a_note_too_long_saves_nothing(self, sara, ana, ben):
        lead = make_lead(owner=ana)

        with pytest.raises(AssignmentRefused, match="10,000 characters"):
            assign_lead(lead=lead, to=ben, actor=sara, at=MONDAY, note="x" * 10_000)

        assert not lead.assignments.exists()


class TestAccess:
    def test_a_member_gives_an_own_lead_to_the_own_team(self):
        user, team = make_user(), make_team()
        me = make_member("Me Myself", user=user, team=team)
        mate = make_member("Mate", team=team)

        row = assign_lead(lead=make_lead(owner=me), to=mate, actor=user, at=MONDAY)

        assert row.state == State.WAITING

    @pytest.mark.parametrize(
        ("whose", "why"),
        [
            ("another team", "it belongs to another team. Ask a sales manager."),
            ("a colleague", "a colleague has it. Ask your team lead or a sales"),
            ("no team", "its owner is in no team. Ask a sales manager."),
            ("nobody", "nobody has it. Ask a team lead or a sales manager."),
            ("unsaid", "Smartlead has not said who has it. Ask a sales manager."),
        ],
    )
    def test_who_may_not_move_a_lead_is_told_the_true_reason(self, whose, why):
        user, team = make_user(), make_team()
        make_member("Me Myself", user=user, team=team)
        leads = {
            "another team": lambda: make_lead(owner=make_member(team=make_team())),
            "a colleague": lambda: make_lead(owner=make_member(team=team)),
            "no team": lambda: make_lead(owner=make_member()),
            "nobody": make_lead,
            "unsaid": lambda: make_lead(owner_known_at=None),
        }
        mate = make_member("Mate", team=team)

        with pytest.raises(NotAllowed, match=why):
            assign_lead(lead=leads[whose](), to=mate, actor=user, at=MONDAY)

    def test_a_member_does_not_move_the_lead_of_another(self, ana):
        user, team = make_user(), make_team()
        make_member("Me Myself", user=user, team=team)
        ana.team = make_team()
        ana.save()

        with pytest.raises(NotAllowed, match="belongs to another team"):
            assign_lead(
                lead=make_lead(owner=ana),
                to=make_member("Mate", team=team),
                actor=user,
                at=MONDAY,
            )

    def test_a_member_does_not_give_a_lead_away_to_another_team(self, ana):
        user = make_user()
        me = make_member("Me Myself", user=user, team=make_team())

        with pytest.raises(NotAllowed, match="is not in your team"):
            assign_lead(lead=make_lead(owner=me), to=ana, actor=user, at=MONDAY)

    def test_a_team_lead_moves_leads_of_the_team_and_unowned_ones(self):
        theo = make_user("Theo Brandt")
        team = make_team(leads=(theo,))
        one, two = make_member("One", team=team), make_member("Two", team=team)

        rows = [
            assign_lead(lead=make_lead(owner=owner), to=two, actor=theo, at=MONDAY)
            for owner in (one, None)
        ]

        assert [row.state for row in rows] == [State.WAITING] * 2

    def test_a_team_lead_does_not_touch_another_team(self, ana):
        theo = make_user("Theo Brandt")
        team = make_team(leads=(theo,))

        with pytest.raises(NotAllowed):
            assign_lead(
                lead=make_lead(owner=ana),
                to=make_member("Two", team=team),
                actor=theo,
                at=MONDAY,
            )


class TestRetry:
    def test_sends_an_overtaken_one_anyway(self, sara, ana, ben, cem):
        lead = make_lead(owner=cem)
        row = make_assignment(
            lead,
            ben,
            expected=ana,
            state=State.OVERTAKEN,
            found=cem,
            finished_at=MONDAY,
        )

        again = retry_assignment(assignment=row, actor=sara, at=MONDAY)

        assert (again.expected, again.to) == (cem, ben)
        row.refresh_from_db()
        assert row.dismissed_at == MONDAY

    def test_refuses_if_it_has_moved_once_more(self, sara, ana, ben, cem):
        lead = make_lead(owner=ana)
        row = make_assignment(
            lead,
            ben,
            expected=ana,
            state=State.OVERTAKEN,
            found=cem,
            finished_at=MONDAY,
        )

        with pytest.raises(Stale):
            retry_assignment(assignment=row, actor=sara, at=MONDAY)

    def test_sends_the_dropped_note_again(self, sara, ana, ben):
        row = assign_lead(
            lead=make_lead(owner=ana), to=ben, actor=sara, at=MONDAY, note="Hi"
        )
        finalize(row, state=State.REFUSED, outcome="No.", at=MONDAY)
        row.refresh_from_db()

        again = retry_assignment(assignment=row, actor=sara, at=MONDAY)

        assert again.notes.get().text == "Hi"


class TestHistory:
    def final(self, ana, ben) -> Assignment:
        return make_assignment(
            make_lead(owner=ana), ben, state=State.REFUSED, finished_at=MONDAY
        )

    @pytest.mark.parametrize("field", ["reason", "outcome", "state", "cause"])
    def test_a_final_row_is_never_edited(self, ana, ben, field):
        row = self.final(ana, ben)

        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Assignment.objects.filter(pk=row.pk).update(**{field: "done"})

    def test_nothing_is_deleted(self, ana, ben):
        row = self.final(ana, ben)

        with pytest.raises(HistoryIsKept):
            row.delete()
        with pytest.raises(HistoryIsKept):
            Assignment.objects.all().delete()

    def test_an_outcome_can_be_dismissed(self, sara, ana, ben):
        row = self.final(ana, ben)

        dismiss_assignment(assignment=row, actor=sara, at=MONDAY)

        row.refresh_from_db()
        assert row.dismissed_at == MONDAY

    def test_one_waits_and_one_is_sent_per_lead_at_the_most(self, ana, ben, cem):
        lead = make_lead(owner=ana)
        make_assignment(lead, ben)

        with pytest.raises(IntegrityError), transaction.atomic():
            make_assignment(lead, cem)
