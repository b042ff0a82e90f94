import pytest

from assignments.models import Assignment, Batch, Lead, Note
from assignments.models.assignment import Cause, State
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.ledger.assign import assign_lead
from assignments.services.ledger.undo import (
    undo_assignment,
    undo_obstacles,
    why_no_way_back,
    why_not_undo,
)
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


def done(lead, to, **fields) -> Assignment:
    """Give the lead to `to` by a change that is done."""
    row = make_assignment(lead, to, state=State.DONE, finished_at=MONDAY, **fields)
    Lead.objects.filter(pk=lead.pk).update(owner=to)
    return Assignment.objects.get(pk=row.pk)


class TestUndo:
    def test_cancels_what_waits(self, sara, ana, ben):
        row = assign_lead(lead=make_lead(owner=ana), to=ben, actor=sara, at=MONDAY)

        undone = undo_assignment(assignment=row, actor=sara, at=MONDAY)

        assert undone.pk == row.pk
        assert undone.state == State.CANCELLED

    def test_the_note_of_a_cancelled_row_is_cancelled(self, sara, ana, ben):
        row = assign_lead(
            lead=make_lead(owner=ana), to=ben, actor=sara, at=MONDAY, note="Hi"
        )

        undo_assignment(assignment=row, actor=sara, at=MONDAY)

        assert row.notes.get().state == Note.State.CANCELLED

    def test_gives_a_done_one_back(self, sara, ana, ben):
        row = done(make_lead(owner=ana), ben)

        undone = undo_assignment(assignment=row, actor=sara, at=MONDAY)

        assert (undone.to, undone.expected, undone.cause) == (ana, ben, Cause.UNDO)
        assert undone.reverses == row

    def test_says_that_smartlead_cannot_leave_a_lead_without_an_owner(self, sara, ben):
        row = done(make_lead(owner=None), ben)

        with pytest.raises(AssignmentRefused, match="without an owner"):
            undo_assignment(assignment=row, actor=sara, at=MONDAY)

    def test_leaves_a_lead_that_has_moved_since(self, sara, ana, ben, cem):
        lead = make_lead(owner=ana)
        row = done(lead, ben)
        Lead.objects.filter(pk=lead.pk).update(owner=cem)

        row = Assignment.objects.get(pk=row.pk)
        assert why_not_undo(row, sara) == "It has moved since: Cem Kaya has it now."

    def test_leaves_a_lead_that_came_back_by_a_newer_decision(
        self, sara, ana, ben, cem
    ):
        lead = make_lead(owner=ana)
        row = done(lead, ben, actor=sara)
        done(lead, cem, actor=sara)
        done(lead, ben, actor=make_user("Theo Brandt"))

        row = Assignment.objects.get(pk=row.pk)
        assert why_not_undo(row, sara) == (
            "It has moved since: Theo Brandt gave it to Ben Okafor."
        )

    def test_leaves_a_lead_with_a_newer_change_on_its_way(self, sara, ana, ben, cem):
        lead = make_lead(owner=ana)
        row = done(lead, ben, actor=sara)
        make_assignment(lead, cem)

        assert why_not_undo(row, sara) == "A newer change of this lead is on its way."

    def test_a_newer_change_that_came_to_nothing_is_no_obstacle(self, sara, ana, ben):
        lead = make_lead(owner=ana)
        row = done(lead, ben, actor=sara)
        make_assignment(lead, ana, state=State.CANCELLED, finished_at=MONDAY)

        assert why_not_undo(row, sara) is None


class TestWhoMayUndo:
    @pytest.fixture
    def mia(self, ben):
        """Mia, a member of the team in which Ben is too, which Theo leads."""
        self.theo = make_user("Theo Brandt")
        team = make_team(leads=(self.theo,))
        type(ben).objects.filter(pk=ben.pk).update(team=team)
        return make_member("Mia Member", team=team, user=make_user("Mia Member"))

    def test_a_member_takes_back_what_she_gave_to_a_colleague(self, mia, ben):
        row = done(make_lead(owner=mia), ben, actor=mia.user)

        undone = undo_assignment(assignment=row, actor=mia.user, at=MONDAY)

        assert (undone.to, undone.state) == (mia, State.WAITING)

    def test_who_decided_may_also_after_the_team_is_another(self, mia, ben):
        row = done(make_lead(owner=mia), ben, actor=self.theo)
        mia.team.team_leads.clear()

        assert why_not_undo(row, self.theo) is None

    def test_a_colleague_does_not_undo_what_another_decided(self, mia, ben):
        ben.user = make_user("Ben Okafor")
        ben.save()
        row = done(make_lead(owner=mia), ben, actor=mia.user)

        with pytest.raises(NotAllowed) as refusal:
            undo_assignment(assignment=row, actor=ben.user, at=MONDAY)

        assert str(refusal.value) == (
            "Only Mia Member, a team lead of Ben Okafor or a sales manager can undo it."
        )

    def test_the_team_lead_undoes_what_a_member_decided(self, mia, ben):
        row = done(make_lead(owner=mia), ben, actor=mia.user)

        assert why_not_undo(row, self.theo) is None

    def test_a_team_lead_does_not_give_a_lead_back_to_another_team(self, mia, ben, ana):
        row = done(make_lead(owner=ana), ben, actor=make_manager())

        with pytest.raises(NotAllowed, match="Ana Sousa is not in your team"):
            undo_assignment(assignment=row, actor=self.theo, at=MONDAY)

    def test_what_was_decided_for_many_leads_is_no_members_to_undo(self, mia, ben):
        batch = Batch.objects.create(
            cause=Cause.BULK, actor=mia.user, reason="Many.", created_at=MONDAY
        )
        row = done(make_lead(owner=mia), ben, actor=mia.user, batch=batch)

        assert why_not_undo(row, mia.user) == (
            "Only a team lead of Ben Okafor or a sales manager can undo it."
        )

    def test_a_deactivated_login_undoes_nothing(self, mia, ben):
        row = done(make_lead(owner=mia), ben, actor=mia.user)
        mia.user.is_active = False

        assert why_not_undo(row, mia.user) == "This login has been deactivated."

    def test_is_told_of_many_changes_by_the_same_queries(
        self, mia, ben, django_assert_max_num_queries
    ):
        rows = [done(make_lead(owner=mia), ben, actor=mia.user) for _ in range(20)]
        known = Assignment.objects.select_related("lead__owner", "expected", "actor")
        rows = list(known.filter(pk__in=[row.pk for row in rows]))

        with django_assert_max_num_queries(6):
            assert undo_obstacles(rows, self.theo) == {}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"owner": None}, "Smartlead cannot leave a lead without an owner."),
        (
            {"owner": None, "owner_known_at": None},
            "Handoff does not know who has the lead now.",
        ),
    ],
)
def test_a_change_without_a_way_back_is_known_before(fields, sentence):
    assert (
        why_no_way_back(make_lead(**fields)) == f"You cannot take this back: {sentence}"
    )


def test_a_lead_of_somebody_who_is_there_can_go_back(ana):
    assert why_no_way_back(make_lead(owner=ana)) == ""
