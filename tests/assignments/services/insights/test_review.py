"""What needs an eye: one case a line, and what a team lead sees of it."""

from datetime import timedelta

import pytest

from assignments.models import Lead
from assignments.services.errors import NotAllowed, Stale
from assignments.services.insights import review
from assignments.services.insights.review import (
    ReviewSection,
    accept_drift,
    leads_of,
    ledger_owners,
)
from assignments.services.ledger.assign import assign_lead
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_absence,
    make_assignment,
    make_category,
    make_drift,
    make_lead,
    make_member,
    make_suggestion,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def found(section: ReviewSection, user, **said) -> list[Lead]:
    return list(leads_of(section, user=user, at=MONDAY, **said))


class TestSections:
    def test_without_an_owner_are_open_leads_that_nobody_has(self, manager, ana):
        lead = make_lead()
        make_lead(category=make_category(is_closing=True))
        make_lead(owner_known_at=None)
        make_lead(owner=ana)

        assert found(ReviewSection.NOBODY, manager) == [lead]

    def test_with_a_deactivated_member(self, manager, ana):
        lead = make_lead(owner=make_member("Gia Gone", is_active=False))
        make_lead(owner=ana)

        assert found(ReviewSection.INACTIVE, manager) == [lead]

    def test_with_somebody_whom_no_board_and_no_person_has_named(self, manager):
        lead = make_lead(owner=make_member("", source="rows"))
        make_lead(owner=make_member("Named here", source="rows"))
        make_lead(owner=make_member("", source="hand"))

        assert found(ReviewSection.UNKNOWN, manager) == [lead]

    def test_away_and_not_covered_is_what_stayed_and_is_not_on_its_way(
        self, manager, ana, ben
    ):
        make_absence(ana)
        lead = make_lead(owner=ana)
        make_assignment(make_lead(owner=ana), ben)
        make_lead(owner=ben)

        assert found(ReviewSection.AWAY, manager) == [lead]

    def test_untouched_is_without_a_mail_either_way(self, manager):
        old, new = MONDAY - 8 * DAY, MONDAY - 6 * DAY
        lead = make_lead(last_reply_at=old, last_sent_at=old)
        make_lead(last_reply_at=new, last_sent_at=old)
        make_lead(last_reply_at=old, last_sent_at=new)

        assert found(ReviewSection.UNTOUCHED, manager) == [lead]
        assert len(found(ReviewSection.UNTOUCHED, manager, days=5)) == 3
        assert found(ReviewSection.UNTOUCHED, manager, days=9) == []

    def test_overdue_is_owed_and_past_its_moment(self, manager):
        lead = make_lead(answer_owed=True, answer_due_at=MONDAY)
        make_lead(answer_owed=True, answer_due_at=MONDAY + DAY)
        make_lead(answer_due_at=MONDAY)

        assert found(ReviewSection.OVERDUE, manager) == [lead]


class TestDrifted:
    def test_it_is_with_somebody_else_than_we_gave_it_to(self, manager, ana, ben):
        lead = make_drift(make_lead(owner=ben), ana, at=MONDAY)

        assert found(ReviewSection.DRIFTED, manager) == [lead]
        assert ledger_owners([lead], MONDAY) == {lead.pk: ana.pk}

    def test_taken_from_everybody_counts_too(self, manager, ana):
        lead = make_drift(make_lead(), ana, at=MONDAY)

        assert found(ReviewSection.DRIFTED, manager) == [lead]

    def test_what_came_back_to_us_has_not_drifted(self, manager, ana, ben):
        lead = make_drift(make_lead(owner=ben), ana, at=MONDAY - DAY)
        make_assignment(
            lead, ana, cause="outside", actor=None, state="done",
            created_at=MONDAY, finished_at=MONDAY,
        )  # fmt: skip

        assert found(ReviewSection.DRIFTED, manager) == []

    def test_what_we_never_assigned_has_not_drifted(self, manager, ana):
        make_assignment(
            make_lead(owner=ana), ana, cause="outside", actor=None, state="done",
            created_at=MONDAY, finished_at=MONDAY,
        )  # fmt: skip

        assert found(ReviewSection.DRIFTED, manager) == []

    def test_after_two_weeks_it_is_accepted_by_itself(self, manager, ana, ben):
        make_drift(make_lead(owner=ben), ana, at=MONDAY - 15 * DAY)

        assert found(ReviewSection.DRIFTED, manager) == []

    def test_sent_again_it_is_settled(self, manager, ana, ben):
        lead = make_drift(make_lead(owner=ben), ana, at=MONDAY)

        row = assign_lead(lead=lead, to=ana, actor=manager, at=MONDAY)
        assert found(ReviewSection.DRIFTED, manager) == []
        done = MONDAY + DAY
        type(row).objects.filter(pk=row.pk).update(state="done", finished_at=done)

        assert not leads_of(ReviewSection.DRIFTED, user=manager, at=done).exists()

    def test_accepted_it_is_settled_and_only_once(self, manager, ana, ben):
        lead = make_drift(make_lead(owner=ben), ana, at=MONDAY)

        accept_drift(lead=lead, actor=manager, at=MONDAY)

        assert found(ReviewSection.DRIFTED, manager) == []
        with pytest.raises(Stale):
            accept_drift(lead=lead, actor=manager, at=MONDAY)

    def test_drifting_again_needs_a_new_answer(self, manager, ana, ben):
        lead = make_drift(make_lead(owner=ben), ana, at=MONDAY - 3 * DAY)
        accept_drift(lead=lead, actor=manager, at=MONDAY)

        make_drift(lead, ana, at=MONDAY)

        assert found(ReviewSection.DRIFTED, manager) == [lead]


class TestTeamLead:
    def test_sees_the_leads_of_the_own_teams_and_nobodys(self, ana, ben):
        theo = make_user("Theo Brandt")
        ana.team = make_team(leads=(theo,))
        ana.save()
        late = {"answer_owed": True, "answer_due_at": MONDAY}
        theirs = [make_lead(owner=ana, **late), make_lead(**late)]
        make_lead(owner=ben, **late)

        assert set(found(ReviewSection.OVERDUE, theo)) == set(theirs)

    def test_does_not_accept_for_others(self, ana, ben):
        theo = make_user("Theo Brandt")
        make_team(leads=(theo,))
        lead = make_drift(make_lead(owner=ben), ana, at=MONDAY)

        with pytest.raises(NotAllowed):
            accept_drift(lead=lead, actor=theo, at=MONDAY)


class TestWaiting:
    def test_counts_every_section_but_what_is_only_quiet(self, manager, ana):
        make_lead()
        make_lead(owner=ana, answer_owed=True, answer_due_at=MONDAY)
        make_lead(owner=ana, last_reply_at=MONDAY - 99 * DAY, last_sent_at=None)
        make_suggestion(make_lead(owner=ana), ana)

        assert review.waiting_count(manager, at=MONDAY) == 3

    def test_counts_a_lead_in_two_sections_once(self, manager, ana):
        both = make_lead(answer_owed=True, answer_due_at=MONDAY)
        make_suggestion(both, ana)

        assert review.waiting_count(manager, at=MONDAY) == 1

    def test_counts_no_further_than_anybody_would_read(self, manager, monkeypatch):
        monkeypatch.setattr(review, "MOST_COUNTED", 2)
        for _ in range(9):
            make_lead()

        assert review.waiting_count(manager, at=MONDAY) == 3

    def test_asks_the_same_queries_for_one_lead_and_for_many(self, manager):
        make_lead()
        one = queries_of(lambda: review.waiting_count(manager, at=MONDAY))
        for _ in range(9):
            make_lead()

        assert queries_of(lambda: review.waiting_count(manager, at=MONDAY)) == one
