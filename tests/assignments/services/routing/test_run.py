"""New leads are routed within a tick, and nothing is routed against a person."""

from collections import Counter
from datetime import timedelta

import pytest

from assignments.models import (
    Assignment,
    Batch,
    Campaign,
    Coverage,
    Hold,
    Lead,
    RotationTurn,
)
from assignments.models.assignment import Cause, State, Urgency
from assignments.services.ledger import assign
from assignments.services.ledger.undo import undo_assignment
from assignments.services.operations.tick import tick
from assignments.services.routing import run
from tests.factories import (
    MONDAY,
    make_absence,
    make_assignment,
    make_campaign,
    make_category,
    make_lead,
    make_manager,
    make_member,
    make_rule,
    make_table,
)

pytestmark = pytest.mark.django_db


def routed(lead: Lead) -> Assignment | None:
    return lead.assignments.filter(cause=Cause.ROUTING).order_by("-pk").first()


def tick_again(*, minutes: int = 1) -> str:
    return tick(at=MONDAY + timedelta(minutes=minutes))


class TestChosenMember:
    def test_a_lead_without_an_owner_is_given_away_with_a_reason(self, ana):
        lead = make_lead()
        rule = make_rule(ana, name="Everything")

        tick(at=MONDAY)

        row = lead.assignments.get()
        assert (row.to, row.state, row.urgency) == (ana, State.WAITING, Urgency.RULE)
        assert row.reason == "Rule “Everything” chose Ana: the only one free."
        assert (row.expected, row.actor) == (None, None)
        assert rule.batches.get().reason == "Rule “Everything” gave 1 lead away."

    def test_the_first_rule_that_matches_decides(self, ana, ben):
        lead = make_lead(email="x@shop.de")
        make_rule(ana, top_level_domain=["de"])
        make_rule(ben)

        tick(at=MONDAY)

        assert routed(lead).to == ana

    def test_a_rule_without_anybody_free_keeps_the_lead_for_later(self, ana, ben):
        lead = make_lead()
        absence = make_absence(ana)
        make_rule(ana)
        make_rule(ben)

        tick(at=MONDAY)
        assert not lead.assignments.exists()
        absence.delete()
        tick_again()

        assert routed(lead).to == ana

    def test_turns_go_on_from_tick_to_tick(self, ana, ben):
        make_rule(ana, ben)
        for minute in range(6):
            make_lead()
            tick_again(minutes=minute)

        given = Counter(Assignment.objects.values_list("to__name", flat=True))
        assert given == {"Ana": 3, "Ben": 3}
        assert RotationTurn.objects.count() == 2

    def test_weights_and_caps_of_the_pool_count(self, ana, ben):
        make_rule(ana, ben, weights={ana.pk: 3}, caps={ana.pk: 4})
        for _ in range(12):
            make_lead()

        tick(at=MONDAY)

        given = Counter(Assignment.objects.values_list("to__name", flat=True))
        assert given == {"Ana": 4, "Ben": 8}

    def test_one_member_is_passed_over_while_away(self, ana):
        make_absence(ana)
        lead = make_lead()
        make_rule(ana, strategy="member")

        tick(at=MONDAY)

        assert not lead.assignments.exists()

    def test_a_table_that_does_not_know_it_leaves_it_to_the_next_rule(self, ana, ben):
        german, french = make_lead(email="x@y.de"), make_lead(email="x@y.fr")
        make_rule(strategy="territory", table=make_table({"de": ana}), name="Lands")
        make_rule(ben)

        tick(at=MONDAY)

        assert routed(german).reason == "Rule “Lands” chose Ana: territory de."
        assert routed(french).to == ben

    def test_earlier_leads_are_left_as_they_are(self, ana):
        early = make_lead(last_reply_at=MONDAY - timedelta(days=2))
        late = make_lead(last_reply_at=MONDAY)
        make_rule(ana, since=MONDAY - timedelta(days=1))

        tick(at=MONDAY)

        assert (routed(early), routed(late).to) == (None, ana)

    def test_rules_that_are_off_do_nothing(self, ana):
        make_rule(ana, mode="off")
        make_lead()

        tick(at=MONDAY)

        assert not Batch.objects.exists()


class TestOnce:
    def test_two_ticks_write_one_row(self, ana):
        lead = make_lead()
        make_rule(ana)

        tick(at=MONDAY)
        tick(at=MONDAY)

        assert lead.assignments.count() == Batch.objects.count() == 1

    def test_a_tick_that_dies_in_the_middle_is_continued(self, ana, monkeypatch):
        leads = [make_lead() for _ in range(6)]
        make_rule(ana)
        monkeypatch.setattr(run, "CHUNK", 2)
        monkeypatch.setattr(run, "save_turns", die_at(3))

        with pytest.raises(Killed):
            tick(at=MONDAY)
        assert Assignment.objects.count() == 4
        monkeypatch.undo()
        tick_again()

        assert all(lead.assignments.count() == 1 for lead in leads)

    def test_a_click_between_the_look_and_the_lock_wins(self, ana, ben, monkeypatch):
        lead = make_lead()
        make_rule(ana)
        first_lock = run.lock_routing

        def click_and_lock() -> None:
            assign.assign_lead(lead=lead, to=ben, actor=make_manager(), at=MONDAY)
            first_lock()

        monkeypatch.setattr(run, "lock_routing", click_and_lock)
        tick(at=MONDAY)

        assert [row.to for row in lead.assignments.all()] == [ben]


class Killed(BaseException):
    pass


def die_at(call: int):
    calls = iter(range(1, 100))

    def die(*_: object) -> None:
        if next(calls) == call:
            raise Killed

    return die


class TestExcludedLeads:
    """A person's decision stands; so do coverages and what Smartlead said."""

    @pytest.mark.parametrize("state", ["refused", "cancelled", "overtaken", "done"])
    def test_a_person_decided_about_it(self, ana, ben, state):
        lead = make_lead()
        make_assignment(lead, ben, state=state, finished_at=MONDAY)
        make_rule(ana)

        tick(at=MONDAY)

        assert routed(lead) is None

    def test_somebody_took_the_owner_away_in_smartlead(self, ana, ben):
        lead = make_lead()
        make_assignment(
            lead, None, expected=ben, cause="outside", state="done",
            finished_at=MONDAY, actor=None,
        )  # fmt: skip
        make_rule(ana)

        tick(at=MONDAY)

        assert routed(lead) is None

    def test_a_routed_lead_that_a_person_cancelled_stays(self, ana):
        lead = make_lead()
        make_rule(ana)
        tick(at=MONDAY)

        row = routed(lead)
        undo_assignment(assignment=row, actor=make_manager(), at=MONDAY)
        tick_again()

        assert lead.assignments.count() == 1

    def test_a_routed_lead_that_smartlead_refused_is_not_tried_again(self, ana):
        lead = make_lead()
        make_assignment(
            lead, ana, cause="routing", actor=None, state="refused", finished_at=MONDAY
        )
        make_rule(ana)

        tick(at=MONDAY)

        assert lead.assignments.count() == 1

    def test_a_lead_cancelled_as_outdated_is_routed_again(self, ana):
        """Also to the same member, who was deactivated only for a while."""
        lead = make_lead()
        make_assignment(
            lead, ana, cause="routing", actor=None, finished_at=MONDAY,
            state="cancelled", was_outdated=True,
        )  # fmt: skip
        make_rule(ana)

        tick(at=MONDAY)

        assert routed(lead).state == State.WAITING

    def test_a_lead_on_its_way_is_not_touched(self, ana, ben):
        lead = make_lead()
        make_assignment(lead, ben)
        make_rule(ana)

        tick(at=MONDAY)

        assert routed(lead) is None

    def test_a_lead_whose_owner_smartlead_withholds(self, ana):
        lead = make_lead(owner_known_at=None)
        make_rule(ana)

        tick(at=MONDAY)

        assert routed(lead) is None

    def test_closed_conversations_unless_a_rule_asks_for_their_category(self, ana):
        closed = make_category("Not interested", is_closing=True)
        lead = make_lead(category=closed)
        make_rule(ana)
        tick(at=MONDAY)
        assert routed(lead) is None

        make_rule(ana, category=[closed])
        tick_again()

        assert routed(lead).to == ana


class TestOwnersWhoAreAway:
    @pytest.fixture
    def absence(self, ana) -> Coverage:
        """Covers what is open; closed leads stay behind."""
        return make_absence(ana)

    @pytest.fixture
    def left_behind(self, ana) -> Lead:
        return make_lead(owner=ana, last_reply_at=None)

    def test_what_no_coverage_takes_is_routed(self, ben, absence, left_behind):
        make_rule(ben, whose="away")

        tick(at=MONDAY)

        assert routed(left_behind).to == ben

    def test_what_the_coverage_takes_is_its_own(self, ana, ben, absence):
        lead = make_lead(owner=ana)
        make_rule(ben, whose="away")

        tick(at=MONDAY)

        assert routed(lead) is None

    def test_later_arrivals_that_the_coverage_leaves_are_routed(self, ana, ben):
        absence = make_absence(ana)
        Coverage.objects.filter(pk=absence.pk).update(
            arrivals="leave", began_at=MONDAY - timedelta(hours=1)
        )
        lead = make_lead(owner=ana)
        make_rule(ben, whose="away")

        tick(at=MONDAY)

        assert routed(lead).to == ben

    def test_a_held_lead_is_never_touched(self, ana, ben, absence):
        """Ben holds it for Ana and is away too, and his coverage does not take it."""
        make_absence(ben)
        lead = make_lead(owner=ben, last_reply_at=None)
        Hold.objects.create(
            coverage=absence, lead=lead, origin=ana, to=ben, state="live",
            created_at=MONDAY, taken_at=MONDAY,
        )  # fmt: skip
        make_rule(make_member("Cem"), whose="away")

        run.route_new_leads(at=MONDAY)

        assert routed(lead) is None

    def test_what_a_person_gave_to_somebody_away_stays(
        self, ana, ben, absence, left_behind
    ):
        make_assignment(left_behind, ana, state="done", finished_at=MONDAY)
        make_rule(ben, whose="away")

        tick(at=MONDAY)

        assert routed(left_behind) is None

    def test_what_a_person_decided_before_the_absence_does_not_count(
        self, ana, ben, absence, left_behind
    ):
        before = MONDAY - timedelta(days=1)
        make_assignment(
            left_behind, ana, state="done", finished_at=before, created_at=before
        )
        make_rule(ben, whose="away")

        tick(at=MONDAY)

        assert routed(left_behind).to == ben

    def test_owners_at_work_keep_their_leads(self, ana, ben):
        lead = make_lead(owner=ana)
        make_rule(ben, whose="either")

        tick(at=MONDAY)

        assert routed(lead) is None


class TestWhatHasNotBeenRead:
    """Location and custom fields come later than the lead itself."""

    @pytest.fixture
    def lead(self) -> Lead:
        campaign = make_campaign(attributes_at=MONDAY - timedelta(days=2))
        return make_lead(campaign=campaign)

    def test_the_lead_waits_instead_of_falling_to_the_next_rule(self, lead, ana, ben):
        make_rule(ana, location=["Berlin"])
        make_rule(ben)

        tick(at=MONDAY)
        assert routed(lead) is None
        assert Campaign.objects.get().attributes_at is None

        Campaign.objects.update(attributes_at=MONDAY)
        Lead.objects.update(location="Berlin, Germany")
        tick_again()
        assert routed(lead).to == ana

    def test_once_read_without_it_the_next_rule_decides(self, lead, ana, ben):
        make_rule(ana, location=["Berlin"])
        make_rule(ben)
        Campaign.objects.update(attributes_at=MONDAY)

        tick(at=MONDAY)

        assert routed(lead).to == ben
