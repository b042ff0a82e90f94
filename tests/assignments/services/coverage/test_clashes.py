"""Whoever confirms a proposal reads what else is agreed for its days."""

from datetime import timedelta

import pytest

from assignments.models import Member
from assignments.services.coverage.calendar import coverages_with_coverers
from assignments.services.coverage.clashes import clash_sentences
from tests.dashboard.pages import queries_of
from tests.factories import MONDAY, make_coverage, make_member

pytestmark = pytest.mark.django_db
TODAY = MONDAY.date()


def said(*proposals) -> list[str]:
    ids = [proposal.pk for proposal in proposals]
    found = coverages_with_coverers().filter(pk__in=ids)
    return list(clash_sentences(found, today=TODAY).values())


def test_that_the_away_member_covers_for_somebody_on_these_days():
    ana, ben, theo = make_member("Ana A"), make_member("Ben B"), make_member("Theo T")
    make_coverage(theo, ana)
    make_coverage(theo, ana, first_day=TODAY + timedelta(days=14))
    proposal = make_coverage(ana, ben, state="proposed")

    assert said(proposal) == [
        "Ana A covers for Theo T on these days; once Ana A is away, those leads go to "
        "others who cover, if anybody is free."
    ]


def test_that_one_who_is_to_cover_is_away_on_some_of_them():
    ana, ben, theo = make_member("Ana A"), make_member("Ben B"), make_member("Theo T")
    make_coverage(ben, theo, first_day=TODAY + timedelta(days=3))
    proposal = make_coverage(ana, ben, theo, state="proposed")

    assert said(proposal) == ["Ben B is away on 14 and 15 May and does not cover then."]


def test_that_one_who_is_to_cover_is_deactivated():
    ana, ben = make_member("Ana A"), make_member("Ben B")
    proposal = make_coverage(ana, ben, state="proposed")
    Member.objects.filter(pk=ben.pk).update(is_active=False)

    assert "Ben B is to cover and has been deactivated" in said(proposal)[0]


def test_nothing_where_the_other_one_is_only_proposed_or_on_other_days():
    ana, ben, theo = make_member("Ana A"), make_member("Ben B"), make_member("Theo T")
    make_coverage(theo, ana, state="proposed")
    make_coverage(ben, ana, first_day=TODAY + timedelta(days=5))

    assert said(make_coverage(ana, ben, state="proposed")) == []


def test_the_queries_do_not_grow_with_the_proposals():
    members = [make_member(f"M {number}") for number in range(6)]
    proposals = [
        make_coverage(one, members[0], state="proposed") for one in members[1:]
    ]
    make_coverage(members[0], members[5])

    few = queries_of(lambda: said(proposals[0]))

    assert queries_of(lambda: said(*proposals)) == few
