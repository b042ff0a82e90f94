"""Properties of matching, and what each check says."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.routing.data import (
    Attribute,
    ConditionData,
    LeadAttribute,
    RoutedLead,
    RuleData,
    RulePoolMember,
    condition_key,
)
from assignments.services.routing.lint import shadows
from assignments.services.routing.match import (
    MatchAnswer,
    first_match,
    rule_answer,
    rule_checks,
)
from tests.factories import MONDAY

DOMAINS = ("de", "fr", "shop.de", "co.uk", "uk", "a.co.uk")
FIELDS = {
    Attribute.CAMPAIGN: ("1", "2", "3"),
    Attribute.CATEGORY: ("7", "8", "9"),
    Attribute.CLIENT: ("4", "5"),
    Attribute.LOCATION: ("Berlin", "Paris", "France"),
    Attribute.EMAIL_DOMAIN: DOMAINS,
    Attribute.TOP_LEVEL_DOMAIN: DOMAINS,
    Attribute.CUSTOM: ("food", "wine"),
}
CLOSING = {"9"}


def condition(attribute: str, *values: str, field: str = "") -> ConditionData:
    return ConditionData(
        source=LeadAttribute(attribute=attribute, custom_field=field),
        values={condition_key(attribute, value): value for value in values},
    )


@st.composite
def conditions(draw) -> tuple[ConditionData, ...]:
    chosen = draw(st.lists(st.sampled_from(list(FIELDS)), unique=True, max_size=3))
    return tuple(
        condition(
            one,
            *draw(st.lists(st.sampled_from(FIELDS[one]), min_size=1, unique=True)),
            field="industry" if one == Attribute.CUSTOM else "",
        )
        for one in chosen
    )


@st.composite
def rules(draw, pk: int = 1) -> RuleData:
    since = draw(st.none() | st.integers(0, 3))
    return RuleData(
        pk=pk,
        name=f"Rule {pk}",
        mode=draw(st.sampled_from(["on", "suggest", "off"])),
        whose=draw(st.sampled_from(["nobodys", "away", "either"])),
        since=None if since is None else MONDAY - timedelta(days=since),
        conditions=draw(conditions()),
        pool=(RulePoolMember(member_id=1),),
    )


@st.composite
def leads(draw) -> RoutedLead:
    category = draw(st.sampled_from([7, 8, 9]))
    return RoutedLead(
        map_id=1,
        came_at=MONDAY - timedelta(days=draw(st.integers(0, 4))),
        owner_id=draw(st.none() | st.just(5)),
        campaign_id=draw(st.none() | st.integers(1, 3)),
        category_id=category,
        is_closed=str(category) in CLOSING,
        client_id=draw(st.none() | st.integers(4, 5)),
        location=draw(st.sampled_from(["", "Berlin", "Paris, France"])),
        email=f"x@{draw(st.sampled_from(['y.de', 'shop.de', 'a.co.uk', 'b.fr', '']))}",
        custom_fields=draw(st.sampled_from([{}, {"Industry": "Food"}, None])),
        is_read=draw(st.booleans()),
    )


@given(rule=rules(), lead=leads())
def test_a_rule_matches_if_and_only_if_every_check_says_yes(rule, lead):
    answers = [check.answer(lead) for check in rule_checks(rule)]

    expected = MatchAnswer.YES
    if MatchAnswer.NO in answers:
        expected = MatchAnswer.NO
    elif MatchAnswer.UNREAD in answers:
        expected = MatchAnswer.UNREAD
    assert rule_answer(rule, lead) is expected


@given(several=st.lists(rules(), max_size=4), lead=leads())
def test_the_first_rule_that_is_not_off_and_does_not_say_no_decides(several, lead):
    found = first_match(several, lead)

    fitting = [
        rule
        for rule in several
        if rule.mode != "off" and rule_answer(rule, lead) is not MatchAnswer.NO
    ]
    assert (found.rule if found else None) is (fitting[0] if fitting else None)


@given(rule=rules(), lead=leads())
def test_one_more_condition_never_matches_more(rule, lead):
    narrower = RuleData(
        pk=2,
        name="2",
        mode=rule.mode,
        whose=rule.whose,
        since=rule.since,
        conditions=(*rule.conditions, condition(Attribute.LOCATION, "Berlin")),
        pool=rule.pool,
    )

    if rule_answer(narrower, lead) is MatchAnswer.YES:
        assert rule_answer(rule, lead) is MatchAnswer.YES


@given(first=rules(), second=rules(2), lead=leads())
def test_what_is_called_unreachable_is_never_reached(first, second, lead):
    if (
        shadows(first, second, CLOSING)
        and rule_answer(second, lead) is not MatchAnswer.NO
    ):
        assert rule_answer(first, lead) is not MatchAnswer.NO


@given(rule=rules(), lead=leads())
def test_every_check_is_said_in_words(rule, lead):
    assert all(check.words(lead) for check in rule_checks(rule))


@pytest.mark.parametrize(
    ("email", "value", "matches"),
    [
        ("x@shop.de", "de", True),
        ("x@shop.de", ".DE", True),
        ("x@a.co.uk", "co.uk", True),
        ("x@a.co.uk", "uk", True),
        ("x@made.in", "de", False),
        ("de", "de", False),
        ("", "de", False),
    ],
)
def test_endings_of_the_email(email, value, matches):
    rule = RuleData(
        pk=1, name="1", conditions=(condition(Attribute.TOP_LEVEL_DOMAIN, value),)
    )

    lead = RoutedLead(map_id=1, came_at=MONDAY, email=email)

    assert (rule_answer(rule, lead) is MatchAnswer.YES) == matches


@pytest.mark.parametrize(
    ("fields", "matches"),
    [
        ({"Industry": "FOOD"}, True),
        ({" industry ": " Food "}, True),
        ({"industry": "steel"}, False),
        ({"industry": ["food"]}, False),
        ({}, False),
        (None, False),
        ("nonsense", False),
    ],
)
def test_custom_fields_of_any_shape(fields, matches):
    asked = condition(Attribute.CUSTOM, "food", field="industry")
    lead = RoutedLead(map_id=1, came_at=MONDAY, custom_fields=fields)

    rule = RuleData(pk=1, name="1", conditions=(asked,))

    assert (rule_answer(rule, lead) is MatchAnswer.YES) == matches
