"""Who has a lead goes on covering the next absence, a fallback only if nobody else can.

See docs/design/coverage-rules.md, rule 30; docs/design/coverage-rules.md, section 4.
"""

from decimal import Decimal

from assignments.services.coverage.decisions import PendingChange
from assignments.services.coverage.planner import plan_lead
from assignments.services.coverage.rotation import CoverageRotation, RotationCandidate
from tests.assignments.services.coverage.test_planner import (
    CA,
    CB,
    NEXT,
    A,
    B,
    C,
    D,
    coverage,
    hold,
    lead,
    moved,
    office,
    over,
    rotation,
)


def test_away_again_the_fallback_does_not_keep_it_while_a_covering_member_is_free():
    following = coverage(NEXT, A, rotation=rotation(C, fallback=B))

    found = plan_lead(
        lead(B, hold(1, CA, A, B)), office(over(coverage(CA, A, B)), following)
    )

    assert moved(found) == ("start", NEXT, C)


def test_away_again_the_fallback_keeps_it_while_no_covering_member_is_free():
    following = coverage(NEXT, A, rotation=rotation(C, fallback=B))

    found = plan_lead(
        lead(B, hold(1, CA, A, B)),
        office(over(coverage(CA, A, B)), following, coverage(CB, C, D)),
    )

    assert found.move is None
    assert found.adopts == (NEXT, A)


def test_away_again_the_fallback_keeps_what_no_narrow_scope_fits():
    other_campaign = RotationCandidate(
        member_id=C, share=Decimal(0), campaigns=frozenset({2})
    )
    following = coverage(
        NEXT, A, rotation=CoverageRotation.fresh([other_campaign], fallback_id=B)
    )

    found = plan_lead(
        lead(B, hold(1, CA, A, B)), office(over(coverage(CA, A, B)), following)
    )

    assert found.move is None
    assert found.adopts == (NEXT, A)


def test_a_carrying_over_planned_for_a_covering_member_is_left_alone():
    following = coverage(NEXT, A, rotation=rotation(C, D, fallback=B))
    planned = hold(2, NEXT, A, D, is_live=False, move_id=5)
    lent = hold(1, CA, A, B, move_id=5)

    found = plan_lead(
        lead(B, lent, planned, pending=PendingChange(pk=5, to_id=D, is_plan=True)),
        office(over(coverage(CA, A, B)), following),
    )

    assert (found.move, found.forget) == (None, None)
