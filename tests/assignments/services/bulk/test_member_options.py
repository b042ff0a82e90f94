"""Members to choose from: their open leads, who is free, and in which order they stand."""

import pytest

from assignments.services.bulk.member_options import member_options
from assignments.services.insights.workload import team_workload
from tests.factories import (
    MONDAY,
    make_absence,
    make_assignment,
    make_category,
    make_lead,
    make_manager,
    make_member,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db


def options(**said):
    user = said.pop("user", None) or make_manager()
    return member_options(user, at=MONDAY, **said)


def option_of(member, **said):
    return next(one for one in options(**said) if one.member == member)


def test_open_leads_are_counted_as_on_team():
    ana, ben = make_member("Ana Sousa"), make_member("Ben Okafor")
    closing = make_category("Not interested", is_closing=True)
    make_lead(owner=ana)
    make_lead(owner=ana, category=closing)
    make_lead(owner=ana, last_reply_at=None)
    make_lead(owner=ana, gone_at=MONDAY)
    make_assignment(make_lead(owner=ana), ben)

    chosen = {one.member: one.open for one in options()}

    lines = team_workload(at=MONDAY).members
    assert chosen == {line.member: line.open for line in lines}
    assert chosen == {ana: 2, ben: 0}


def test_what_is_on_the_way_fills_a_member_up():
    ana, ben = make_member("Ana Sousa"), make_member("Ben Okafor", capacity=1)
    make_assignment(make_lead(owner=ana), ben)

    option = option_of(ben)

    assert (option.open, option.coming) == (0, 1)
    assert option.words == "0 of 1 open, 1 on the way"
    assert option.is_full
    assert option_of(ana).coming == -1


def test_whoever_is_away_or_full_is_listed_but_not_free():
    ana = make_member("Ana Sousa", capacity=1)
    ben, cem = make_member("Ben Okafor"), make_member("Cem Kaya")
    make_lead(owner=ana)
    make_absence(ben)

    free = {one.member for one in options() if one.is_free}

    assert [one.member for one in options()] == [ana, ben, cem]
    assert free == {cem}


def test_members_known_by_their_id_alone_come_last():
    nameless, ana = make_member(""), make_member("Ana Sousa")

    assert [one.member for one in options()] == [ana, nameless]


def test_a_deactivated_member_is_no_choice_from_that_moment():
    ana = make_member("Ana Sousa")
    assert options()

    ana.is_active = False
    ana.save()

    assert options() == []
    assert not option_of(ana, also=[ana.pk]).is_free


def test_a_team_lead_chooses_among_their_own():
    theo = make_user("Theo Brandt")
    ana = make_member("Ana Sousa", team=make_team(leads=(theo,)))
    make_member("Ben Okafor")

    assert [one.member for one in options(user=theo)] == [ana]
