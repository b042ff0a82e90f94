"""The member who gets the next lead: docs/design/coverage-rules.md, rule 30, from
shares alone.
"""

from decimal import Decimal

import pytest

from assignments.services.coverage.rotation import (
    CoverageRotation,
    LeadTopic,
    RotationCandidate,
)

B, C, D, F = 2, 3, 4, 9
TOPIC = LeadTopic(campaign_id=1, category_id=5)
ALL = {B, C, D, F}


def candidate(member: int, share: float = 1, **scope) -> RotationCandidate:
    return RotationCandidate(
        member_id=member,
        share=Decimal(str(share)),
        **{name: frozenset(ids) for name, ids in scope.items()},
    )


def dealt(rotation: CoverageRotation, count: int, *, free=ALL) -> list[int | None]:
    found = (rotation.next_member(TOPIC, free=free) for _ in range(count))
    return [one.member_id if one else None for one in found]


def test_shares_are_kept_smoothly_with_ties_in_the_order_of_the_form():
    rotation = CoverageRotation.fresh(
        [candidate(B, 2), candidate(C, 1), candidate(D, 1)]
    )

    assert dealt(rotation, 8) == [B, C, D, B, B, C, D, B]


def test_a_member_who_was_away_gets_no_more_than_their_share_afterwards():
    rotation = CoverageRotation.fresh([candidate(B), candidate(C)])
    dealt(rotation, 10, free={B})

    assert dealt(rotation, 4) == [B, C, B, C]


def test_a_narrower_scope_that_fits_goes_before_the_others():
    rotation = CoverageRotation.fresh([candidate(B), candidate(C, campaigns={1})])

    assert dealt(rotation, 3) == [C, C, C]


@pytest.mark.parametrize("scope", [{"campaigns": {2}}, {"categories": {6}}])
def test_a_narrower_scope_that_does_not_fit_leaves_it_to_the_others(scope):
    rotation = CoverageRotation.fresh([candidate(B, **scope), candidate(C)])

    assert dealt(rotation, 2) == [C, C]


def test_narrow_scopes_without_shares_take_turns():
    rotation = CoverageRotation.fresh(
        [candidate(B, 0, campaigns={1}), candidate(C, 0, categories={5})]
    )

    assert dealt(rotation, 4) == [B, C, B, C]


def test_a_fallback_steps_in_only_where_nobody_else_is_free():
    rotation = CoverageRotation.fresh([candidate(B)], fallback_id=F)

    assert dealt(rotation, 2) == [B, B]
    assert dealt(rotation, 2, free={F}) == [F, F]
    assert dealt(rotation, 1, free={D}) == [None]


def test_a_share_of_nothing_gets_nothing():
    rotation = CoverageRotation.fresh([candidate(B, 0), candidate(C)])

    assert dealt(rotation, 3) == [C, C, C]


def test_whose_it_is_already_keeps_it_and_nobody_is_charged():
    rotation = CoverageRotation.fresh([candidate(B), candidate(C)])

    kept = [rotation.next_member(TOPIC, free=ALL, prefer=[C]) for _ in range(3)]

    assert [one.member_id for one in kept if one] == [C, C, C]
    assert dealt(rotation, 2) == [B, C]


def test_each_choice_says_why():
    rotation = CoverageRotation.fresh(
        [candidate(B, 3), candidate(C, 1), candidate(D, campaigns={7})], fallback_id=F
    )
    narrow = LeadTopic(campaign_id=7, category_id=None)

    assert rotation.next_member(TOPIC, free={B}).why == "covers 75 % of the leads"
    assert rotation.next_member(narrow, free={D}).why == "covers this campaign"
    assert rotation.next_member(TOPIC, free={F}).why.startswith("steps in")
