"""Members are told once of leads that they got or lost, but not by themselves."""

from datetime import timedelta

import pytest

from assignments.models import (
    Assignment,
    Batch,
    Lead,
    Member,
    Notification,
    PendingAnnouncement,
    User,
)
from assignments.models.assignment import State
from assignments.services.bulk import write_plan
from assignments.services.ledger.ownership import OwnerObservation, observe_owner
from assignments.services.ledger.transitions import finalize
from assignments.services.notifications import assignments
from tests.factories import (
    MONDAY,
    make_assignment,
    make_batch,
    make_lead,
    make_manager,
    make_member,
    make_user,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ben() -> Member:
    return make_member("Ben", user=make_user("Ben Okafor"))


def comes_true(row: Assignment, *, at=MONDAY) -> None:
    """As when the dispatcher was answered."""
    Lead.objects.filter(pk=row.lead_id).update(owner=row.to)
    finalize(row, state=State.DONE, outcome="", at=at)


def give(to: Member, *, at=MONDAY, lead: Lead | None = None, **said) -> Lead:
    lead = lead or make_lead()
    comes_true(make_assignment(lead, to, created_at=at, **said), at=at)
    return lead


def tell(minutes: float) -> int:
    return assignments.announce_assignments(at=MONDAY + minutes * MINUTE)


def subjects(user: User | None) -> list[str]:
    told = Notification.objects.filter(user=user)
    return list(told.order_by("pk").values_list("subject", flat=True))


class TestSingleChanges:
    def test_a_click_is_told_after_a_quiet_minute(self, ben):
        lead = give(ben, actor=make_manager("Sara Klein"))

        assert [tell(0), tell(1)] == [0, 1]
        told = Notification.objects.get()
        assert told.subject == "Sara Klein gave you Lena Lead"
        assert told.path == f"/leads/{lead.pk}/"

    def test_it_is_told_once(self, ben):
        give(ben)

        assert [tell(minute) for minute in (1, 2, 3)] == [1, 0, 0]
        assert not PendingAnnouncement.objects.exists()

    def test_who_took_it_is_not_told(self, ben):
        give(ben, actor=ben.user)

        assert tell(1) == 0

    def test_given_taken_away_and_given_again_is_one_lead(self, ben):
        lead = give(ben)
        give(make_member("Ana"), lead=lead)
        give(ben, lead=lead)

        tell(1)

        assert subjects(ben.user) == ["Sara Klein gave you Lena Lead"]

    def test_a_name_writes_no_lines_of_its_own(self, ben):
        give(ben, lead=make_lead(first_name="Eve\n\nYour password expired"))

        tell(1)

        text = Notification.objects.get().text
        assert text == "Why: By hand.\nEve Your password expired Lead"

    def test_some_in_a_row_are_one_message(self, ben):
        give(ben, actor=make_manager("Sara"))
        give(ben, actor=make_manager("Tom"))
        give(ben, cause="routing", actor=None)
        tell(1)

        told = Notification.objects.get()
        assert told.subject == "You were given 3 leads"
        assert "Sara gave you 1.\nTom gave you 1.\nA routing rule" in told.text

    def test_changes_that_keep_coming_are_told_after_ten_minutes(self, ben):
        told = []
        for part in range(14):
            give(ben, at=MONDAY + part * 0.9 * MINUTE)
            told.append(tell(part * 0.9))

        assert sum(told) == 1

    def test_one_that_is_gone_again_is_not_mentioned(self, ben):
        lead = give(ben)
        give(make_member("Cem"), lead=lead)

        assert tell(1) == 0
        assert not PendingAnnouncement.objects.exists()

    def test_a_change_in_smartlead_is_told(self, ben):
        lead = make_lead(owner=make_member())
        seen = OwnerObservation(owner_id=ben.pk, known=True, asked_at=MONDAY, by="get")

        observe_owner(map_id=lead.pk, sighting=seen, at=MONDAY)
        tell(1)

        assert subjects(ben.user) == ["Somebody in Smartlead gave you Lena Lead"]

    @pytest.mark.parametrize("cause", ["coverage_start", "coverage_return"])
    def test_what_moves_with_a_coverage_is_told_with_it(self, ben, cause):
        give(ben, cause=cause, actor=None)

        assert not PendingAnnouncement.objects.exists()

    @pytest.mark.parametrize("fields", [{}, {"email": "a@b.de", "is_active": False}])
    def test_who_can_be_told_nowhere_leaves_no_row(self, fields):
        give(make_member(**fields))

        assert not PendingAnnouncement.objects.exists()

    def test_a_change_that_was_not_done_is_not_told(self, ben):
        row = make_assignment(make_lead(), ben)
        finalize(row, state=State.REFUSED, outcome="No.", at=MONDAY)

        assert tell(1) == 0


class TestKilled:
    def test_between_message_and_mark_tells_once_all_the_same(self, ben, monkeypatch):
        give(ben)
        whole = assignments.notify

        def die_after(*args, **said):
            whole(*args, **said)
            raise KeyboardInterrupt

        monkeypatch.setattr(assignments, "notify", die_after)
        with pytest.raises(KeyboardInterrupt):
            tell(1)
        monkeypatch.setattr(assignments, "notify", whole)
        told_by_the_dead = Notification.objects.count()

        assert [tell(1), tell(1)] == [1, 0]
        assert told_by_the_dead == 0


@pytest.fixture
def cem() -> Member:
    return make_member("Cem", user=make_user("Cem Yildiz"))


def take(owner: Member, to: Member | None, *, at=MONDAY, **said) -> Lead:
    return give(to, lead=make_lead(owner=owner), at=at, **said)


class TestLosses:
    def test_who_had_a_lead_is_told_who_gave_it_to_whom_and_why(self, ben):
        lead = take(ben, make_member("Ana"), actor=make_manager("Sara Klein"))

        assert [tell(0), tell(1), tell(2)] == [0, 1, 0]
        told = Notification.objects.get()
        assert told.kind == "taken"
        assert told.subject == "Sara Klein gave your lead Lena Lead to Ana"
        assert told.text.startswith("Why: By hand.")
        assert told.path == f"/leads/{lead.pk}/"

    def test_both_members_are_told_of_one_change(self, ben, cem):
        take(ben, cem)

        assert tell(1) == 2
        assert subjects(cem.user) == ["Sara Klein gave you Lena Lead"]
        assert subjects(ben.user) == ["Sara Klein gave your lead Lena Lead to Cem"]

    def test_who_gave_it_away_is_not_told(self, ben):
        take(ben, make_member("Ana"), actor=ben.user)

        assert tell(1) == 0

    def test_some_in_a_row_are_one_message_with_each_receiver(self, ben):
        sara, ana = make_manager("Sara Klein"), make_member("Ana")
        for to in (ana, ana, make_member("Dua")):
            take(ben, to, actor=sara)
        tell(1)

        told = Notification.objects.get()
        assert told.subject == "Sara Klein gave 3 of your leads to 2 others"
        assert told.text.startswith("2 to Ana.\n1 to Dua.\nLena Lead: now with Ana")
        assert told.path == f"/history/?member={ben.pk}"

    def test_several_people_who_took_are_counted(self, ben):
        ana = make_member("Ana")
        take(ben, ana, actor=make_manager("Sara"))
        take(ben, ana, actor=make_manager("Tom"))
        tell(1)

        told = Notification.objects.get()
        assert told.subject == "2 of your leads were given to Ana"
        assert told.text.startswith("Sara gave away 1.\nTom gave away 1.")

    def test_an_undo_within_the_minute_is_no_news_to_anybody(self, ben, cem):
        lead = take(ben, cem)
        give(ben, lead=lead, cause="undo")

        assert tell(1) == 0
        assert not PendingAnnouncement.objects.exists()

    def test_an_undo_after_it_was_told_is_told(self, ben):
        lead = take(ben, make_member("Ana"))
        tell(1)
        give(ben, lead=lead, cause="undo", at=MONDAY + 5 * MINUTE)
        tell(6)

        assert subjects(ben.user) == [
            "Sara Klein gave your lead Lena Lead to Ana",
            "Sara Klein gave you Lena Lead",
        ]

    def test_one_that_came_and_went_within_the_minute_is_no_loss(self, ben):
        lead = give(ben)
        give(make_member("Ana"), lead=lead)

        assert tell(1) == 0

    def test_taken_back_by_oneself_at_once_is_no_loss(self, ben):
        lead = take(ben, make_member("Ana"))
        give(ben, lead=lead, actor=ben.user)

        assert tell(1) == 0

    def test_an_owner_taken_away_in_smartlead_is_told(self, ben):
        lead = make_lead(owner=ben)
        seen = OwnerObservation(
            owner_id=None, known=True, asked_at=MONDAY + MINUTE, by="get"
        )

        observe_owner(map_id=lead.pk, sighting=seen, at=MONDAY + MINUTE)
        tell(2)

        assert subjects(ben.user) == [
            "Somebody in Smartlead gave your lead Lena Lead to nobody"
        ]

    @pytest.mark.parametrize("cause", ["coverage_start", "coverage_return"])
    def test_what_moves_with_a_coverage_is_no_loss(self, ben, cause):
        take(ben, make_member("Ana"), cause=cause, actor=None)

        assert not PendingAnnouncement.objects.exists()

    def test_a_lead_moved_because_it_was_overdue_is_told_with_that_alone(self, ben):
        batch = Batch.objects.create(cause="routing", reason="Late.", created_at=MONDAY)

        take(ben, make_member("Ana"), cause="routing", actor=None, batch=batch)

        assert not PendingAnnouncement.objects.exists()

    def test_a_change_without_a_known_owner_before_takes_from_nobody(self, ben):
        lead = make_lead(owner=ben)

        give(make_member("Ana"), lead=lead, expected=None, expected_known=False)

        assert not PendingAnnouncement.objects.exists()

    def test_a_batch_is_one_message_when_all_that_it_takes_is_through(self, ben):
        leads = [make_lead(owner=ben) for _ in range(3)]
        batch = make_batch(leads, make_member("Ana"), actor=make_manager("Sara Klein"))
        while plans := write_plan.unwritten_plans():
            write_plan.write_chunk(plan=plans[0], at=MONDAY)
        first, *others = batch.assignments.waiting().order_by("pk")
        comes_true(first)
        before = tell(2)
        for row in others:
            comes_true(row)

        assert (before, tell(2)) == (0, 1)
        told = Notification.objects.get()
        assert told.subject == "Sara Klein gave 3 of your leads to Ana"
        assert told.path == f"/history/?batch={batch.pk}&member={ben.pk}"

    def test_killed_between_message_and_mark_it_is_told_once(self, ben, monkeypatch):
        take(ben, make_member("Ana"))
        whole = assignments.notify

        def die_after(*args, **said):
            whole(*args, **said)
            raise KeyboardInterrupt

        monkeypatch.setattr(assignments, "notify", die_after)
        with pytest.raises(KeyboardInterrupt):
            tell(1)
        monkeypatch.setattr(assignments, "notify", whole)

        assert Notification.objects.count() == 0
        assert [tell(1), tell(1)] == [1, 0]


class TestBatches:
    def batch(self, count: int, *to: Member, **said) -> Batch:
        leads = [make_lead() for _ in range(count)]
        batch = make_batch(leads, *to, actor=make_manager("Sara Klein"), **said)
        while plans := write_plan.unwritten_plans():
            write_plan.write_chunk(plan=plans[0], at=MONDAY)
        return batch

    def go_on(self, batch: Batch, most: int = 100) -> None:
        for row in batch.assignments.waiting().order_by("pk")[:most]:
            comes_true(row)

    def test_a_batch_is_one_message_when_it_is_through(self, ben):
        batch = self.batch(3, ben)
        self.go_on(batch, 2)
        before = tell(2)
        self.go_on(batch)

        assert (before, tell(2)) == (0, 1)
        told = Notification.objects.get()
        assert told.subject == "Sara Klein gave you 3 leads"
        assert told.path == f"/history/?batch={batch.pk}&member={ben.pk}"

    def test_a_batch_that_stands_still_is_told_in_parts(self, ben):
        batch = self.batch(3, ben)
        self.go_on(batch, 1)
        early, late = tell(59), tell(60)
        self.go_on(batch)
        tell(60)

        assert (early, late) == (0, 1)
        assert subjects(ben.user) == [
            "Sara Klein gave you Lena Lead",
            "Sara Klein gave you 2 leads",
        ]

    def test_each_member_is_told_of_their_own(self, ben):
        cem = make_member("Cem", user=make_user("Cem"))
        batch = self.batch(4, ben, cem, strategy="round_robin")
        self.go_on(batch)

        assert tell(0) == 2
        assert subjects(ben.user) == subjects(cem.user)
        assert subjects(cem.user) == ["Sara Klein gave you 2 leads"]

    def test_hundreds_are_named_in_part(self, ben):
        self.go_on(self.batch(25, ben))
        tell(0)

        text = Notification.objects.get().text
        assert text.count("Lena Lead") == 20
        assert text.endswith("and 5 more")
