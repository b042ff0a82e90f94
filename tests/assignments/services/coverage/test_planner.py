"""docs/design/coverage-rules.md, sections 4 and 5, line by line, from snapshots alone."""

from dataclasses import replace
from decimal import Decimal

import pytest

from assignments.models import Hold
from assignments.services.coverage.decisions import (
    CoverageSnapshot,
    HoldSnapshot,
    LeadSnapshot,
    MoveKind,
    PendingChange,
    Snapshot,
)
from assignments.services.coverage.planner import plan_lead
from assignments.services.coverage.rotation import (
    CoverageRotation,
    CoverageScope,
    LeadTopic,
    RotationCandidate,
)

A, B, C, D = 1, 2, 3, 4
CA, CB, NEXT = 10, 20, 11
Outcome = Hold.Outcome


def rotation(*covering: int, fallback: int | None = None) -> CoverageRotation:
    candidates = [
        RotationCandidate(member_id=one, share=Decimal(1)) for one in covering
    ]
    return CoverageRotation.fresh(candidates, fallback)


def coverage(pk: int, member: int, *covering: int, **fields) -> CoverageSnapshot:
    values = {
        "is_running": True,
        "is_over": False,
        "scope": CoverageScope(is_all=True),
        "covers_arrivals": True,
        "is_kept": False,
        "rotation": rotation(*covering),
    }
    return CoverageSnapshot(pk=pk, member_id=member, **(values | fields))


def over(facts: CoverageSnapshot) -> CoverageSnapshot:
    return replace(facts, is_running=False, is_over=True)


def office(*coverages: CoverageSnapshot, inactive: tuple[int, ...] = ()) -> Snapshot:
    away = frozenset(one.member_id for one in coverages if one.is_running)
    active = frozenset({A, B, C, D} - set(inactive))
    return Snapshot(
        free=active - away,
        away=away,
        active=active,
        coverages={one.pk: one for one in coverages},
    )


def lead(owner: int | None, *holds: HoldSnapshot, **fields) -> LeadSnapshot:
    values = {
        "topic": LeadTopic(campaign_id=1, category_id=None),
        "is_open": True,
        "holds": holds,
    }
    return LeadSnapshot(pk=7, owner_id=owner, **(values | fields))


def hold(pk: int, coverage_id: int, origin: int, to: int, **fields) -> HoldSnapshot:
    return HoldSnapshot(
        pk=pk, coverage_id=coverage_id, origin_id=origin, to_id=to, **fields
    )


def moved(decision) -> tuple[str, int, int] | None:
    move = decision.move
    return (move.kind.value, move.coverage_id, move.to_id) if move else None


class TestStartsArrivalsAndReplacements:
    def test_a_persons_row_is_waited_for(self):
        pending = PendingChange(pk=1, to_id=D, is_plan=False)

        found = plan_lead(lead(A, pending=pending), office(coverage(CA, A, B)))

        assert found.is_nothing

    def test_what_is_with_somebody_at_work_stays(self):
        found = plan_lead(
            lead(B, hold(1, CA, A, B)), office(coverage(CA, A, B), coverage(CB, D, C))
        )

        assert found.is_nothing

    def test_what_is_pinned_at_its_holder_stays_though_they_are_away(self):
        found = plan_lead(
            lead(B, hold(1, CA, A, B), pins=frozenset({CB})),
            office(coverage(CA, A, B, C), coverage(CB, B, C)),
        )

        assert found.is_nothing

    def test_a_holder_who_went_away_lends_it_on(self):
        found = plan_lead(
            lead(B, hold(1, CA, A, B)),
            office(coverage(CA, A, B, D), coverage(CB, B, C)),
        )

        assert moved(found) == ("start", CB, C)
        assert found.move.takes_from == B

    def test_a_plan_whose_target_went_away_is_forgotten_and_made_anew(self):
        planned = hold(1, CA, A, B, is_live=False, move_id=5)
        pending = PendingChange(pk=5, to_id=B, is_plan=True)

        found = plan_lead(
            lead(A, planned, pending=pending),
            office(coverage(CA, A, B, C), coverage(CB, B, D)),
        )

        assert found.forget == 5
        assert moved(found) == ("start", CA, C)

    def test_a_plan_that_still_holds_is_left_alone(self):
        planned = hold(1, CA, A, C, is_live=False, move_id=5)
        pending = PendingChange(pk=5, to_id=C, is_plan=True)

        found = plan_lead(
            lead(A, planned, pending=pending), office(coverage(CA, A, B, C))
        )

        assert found.is_nothing

    def test_pinned_out_means_it_stays(self):
        found = plan_lead(lead(A, pins=frozenset({CA})), office(coverage(CA, A, B)))

        assert found.is_nothing

    def test_out_of_scope_means_it_stays(self):
        found = plan_lead(
            lead(A, is_open=False), office(coverage(CA, A, B, scope=CoverageScope()))
        )

        assert found.is_nothing

    @pytest.mark.parametrize(
        ("start_sets", "expected"), [(set(), None), ({CA}, ("start", CA, B))]
    )
    def test_with_arrivals_left_only_the_start_set_is_taken(self, start_sets, expected):
        found = plan_lead(
            lead(A, start_sets=frozenset(start_sets)),
            office(coverage(CA, A, B, covers_arrivals=False)),
        )

        assert moved(found) == expected

    def test_leads_of_an_absent_holder_are_reassigned_by_the_hold_below(self):
        found = plan_lead(
            lead(B, hold(1, CA, A, B)),
            office(coverage(CA, A, B, C), coverage(CB, B, D, covers_arrivals=False)),
        )

        assert moved(found) == ("start", CA, C)
        assert (found.move.hold_id, found.move.takes_from) == (1, None)

    def test_with_nobody_to_lend_on_to_the_hold_below_reassigns_it(self):
        found = plan_lead(
            lead(B, hold(1, CA, A, B)),
            office(coverage(CA, A, B, C), coverage(CB, B, A)),
        )

        assert moved(found) == ("start", CA, C)

    def test_a_lead_out_of_scope_by_now_is_not_reassigned(self):
        found = plan_lead(
            lead(B, hold(1, CA, A, B), is_open=False),
            office(
                coverage(CA, A, B, C, scope=CoverageScope()),
                coverage(CB, B, D, covers_arrivals=False),
            ),
        )

        assert found.is_nothing

    def test_an_allocation_is_charged_to_the_rotation(self):
        facts = coverage(CA, A, B, C)

        found = [plan_lead(lead(A), office(facts)) for _ in range(4)]

        assert [one.move.to_id for one in found if one.move] == [B, C, B, C]

    def test_a_deactivated_holder_loses_it_to_another(self):
        found = plan_lead(
            lead(B, hold(1, CA, A, B)), office(coverage(CA, A, B, C), inactive=(B,))
        )

        assert moved(found) == ("start", CA, C)

    def test_nobody_free_means_it_stays_and_is_shown(self):
        found = plan_lead(lead(A), office(coverage(CA, A, B), coverage(CB, B, A)))

        assert found.is_nothing
        assert found.unplaced == CA

    def test_two_members_who_cover_for_each_other_end_in_no_circle(self):
        found = plan_lead(
            lead(B, hold(1, CA, A, B)), office(coverage(CA, A, B), coverage(CB, B, A))
        )

        assert found.move is None

    def test_what_was_refused_is_not_tried_with_another(self):
        refused = hold(1, CA, A, B, is_live=False, move_id=5, refused=MoveKind.START)

        found = plan_lead(lead(A, refused), office(coverage(CA, A, B, C)))

        assert found.is_nothing

    def test_a_change_of_coverer_to_an_absent_member_goes_to_another(self):
        found = plan_lead(
            lead(B, hold(1, CA, A, B, change_to=C)),
            office(coverage(CA, A, C, D), coverage(CB, C, D)),
        )

        assert moved(found) == ("start", CA, D)
        assert found.move.hold_id == 1


class TestEndOfAHold:
    def test_it_goes_back(self):
        found = plan_lead(lead(B, hold(1, CA, A, B)), office(over(coverage(CA, A, B))))

        assert moved(found) == ("return", CA, A)

    def test_it_goes_back_past_all_in_between_in_one_move(self):
        found = plan_lead(
            lead(C, hold(1, CA, A, B), hold(2, CB, B, C)),
            office(over(coverage(CA, A, B)), coverage(CB, B, C)),
        )

        assert moved(found) == ("return", CA, A)
        assert found.move.hold_id == 1

    def test_away_again_the_next_coverage_allocates_it(self):
        found = plan_lead(
            lead(B, hold(1, CA, A, B)),
            office(over(coverage(CA, A, B)), coverage(NEXT, A, C)),
        )

        assert moved(found) == ("start", NEXT, C)
        assert (found.move.hold_id, found.move.takes_from) == (1, A)

    @pytest.mark.parametrize("covering", [(B, C), ()])
    def test_away_again_who_has_it_keeps_it_if_they_may_or_nobody_else_can(
        self, covering
    ):
        found = plan_lead(
            lead(B, hold(1, CA, A, B)),
            office(over(coverage(CA, A, B)), coverage(NEXT, A, *covering)),
        )

        assert found.move is None
        assert found.ends == ((1, Outcome.CARRIED_OVER),)
        assert found.adopts == (NEXT, A)

    def test_away_again_is_taken_also_out_of_scope(self):
        found = plan_lead(
            lead(B, hold(1, CA, A, B), is_open=False),
            office(
                over(coverage(CA, A, B)), coverage(NEXT, A, C, scope=CoverageScope())
            ),
        )

        assert moved(found) == ("start", NEXT, C)

    def test_a_deactivated_origin_gets_nothing_back(self):
        found = plan_lead(
            lead(B, hold(1, CA, A, B)), office(over(coverage(CA, A, B)), inactive=(A,))
        )

        assert found.ends == ((1, Outcome.KEPT),)
        assert found.move is None

    def test_a_deactivated_origin_above_another_hold_lets_the_lower_lend_it(self):
        found = plan_lead(
            lead(C, hold(1, CA, A, B), hold(2, CB, B, C)),
            office(coverage(CA, A, B, C), over(coverage(CB, B, C)), inactive=(B,)),
        )

        assert found.ends == ((2, Outcome.KEPT),)
        assert (found.hands_on, found.move) == (((1, C),), None)

    def test_a_refused_change_within_the_coverage_does_not_keep_it_from_going_back(
        self,
    ):
        refused = hold(1, CA, A, B, move_id=5, refused=MoveKind.START)

        found = plan_lead(lead(B, refused), office(over(coverage(CA, A, B))))

        assert moved(found) == ("return", CA, A)

    def test_a_lead_that_is_with_nobody_was_moved_by_somebody(self):
        found = plan_lead(
            lead(None, hold(1, CA, A, B)), office(over(coverage(CA, A, B)))
        )

        assert found.ends == ((1, Outcome.MOVED),)

    def test_kept_as_the_lowest_leaves_those_above_alive(self):
        found = plan_lead(
            lead(C, hold(1, CA, A, B), hold(2, CB, B, C)),
            office(over(coverage(CA, A, B, is_kept=True)), coverage(CB, B, C)),
        )

        assert found.ends == ((1, Outcome.KEPT),)
        assert (found.move, found.hands_on) == (None, ())

    def test_kept_above_another_is_lent_by_the_lower_from_now_on(self):
        found = plan_lead(
            lead(C, hold(1, CA, A, B), hold(2, CB, B, C)),
            office(coverage(CA, A, B), over(coverage(CB, B, C, is_kept=True))),
        )

        assert found.ends == ((2, Outcome.KEPT),)
        assert found.hands_on == ((1, C),)

    def test_holds_of_a_lead_that_was_moved_in_smartlead_end(self):
        found = plan_lead(lead(D, hold(1, CA, A, B)), office(over(coverage(CA, A, B))))

        assert found.ends == ((1, Outcome.MOVED),)
        assert found.move is None

    def test_what_was_never_sent_is_forgotten(self):
        planned = hold(1, CA, A, B, is_live=False, move_id=5)
        pending = PendingChange(pk=5, to_id=B, is_plan=True)

        found = plan_lead(
            lead(A, planned, pending=pending), office(over(coverage(CA, A, B)))
        )

        assert (found.forget, found.move) == (5, None)

    def test_a_start_in_flight_is_waited_for(self):
        planned = hold(1, CA, A, B, is_live=False, move_id=5)
        pending = PendingChange(pk=5, to_id=B, is_plan=False)

        found = plan_lead(
            lead(A, planned, pending=pending), office(over(coverage(CA, A, B)))
        )

        assert found.is_nothing

    def test_a_refused_carrying_over_is_not_repeated_by_itself(self):
        """B, who has it for CA, is away too; Smartlead did not let the next take it."""
        lent = hold(1, CA, A, B, move_id=5, refused=MoveKind.START)
        refused = hold(2, NEXT, A, C, is_live=False, move_id=5, refused=MoveKind.START)
        ended, following = over(coverage(CA, A, B)), coverage(NEXT, A, C)

        found = plan_lead(
            lead(B, lent, refused), office(ended, following, coverage(CB, B, D))
        )

        assert found.is_nothing

    def test_a_refused_return_is_not_repeated_by_itself(self):
        refused = hold(1, CA, A, B, move_id=5, refused=MoveKind.RETURN)

        found = plan_lead(lead(B, refused), office(over(coverage(CA, A, B))))

        assert found.is_nothing

    def test_away_again_somebody_in_between_who_is_back_may_cover(self):
        found = plan_lead(
            lead(C, hold(1, CA, A, B), hold(2, CB, B, C)),
            office(
                over(coverage(CA, A, B)), over(coverage(CB, B, C)), coverage(NEXT, A, B)
            ),
        )

        assert moved(found) == ("start", NEXT, B)
