from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assignments.models import Lead, Member, User
from assignments.services import sight
from assignments.services.sight import Sight, visible_leads
from tests.factories import (
    MONDAY,
    make_account,
    make_assignment,
    make_campaign,
    make_coverage,
    make_hold,
    make_lead,
    make_manager,
    make_member,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db


class House:
    """Two teams, a login each for a member and for the lead of the first, their leads."""

    def __init__(self) -> None:
        self.team_lead = make_user("Tom Lead")
        self.first = make_team(leads=(self.team_lead,))
        self.second = make_team()
        self.user = make_user("Nia Member")
        self.member = make_member("Nia", user=self.user, team=self.first)
        self.colleague = make_member("Ben", team=self.first)
        self.stranger = make_member("Zoe", team=self.second)
        self.own = make_lead("Own Lead", owner=self.member)
        self.colleagues = make_lead("Colleague Lead", owner=self.colleague)
        self.foreign = make_lead("Foreign Lead", owner=self.stranger)
        self.nobodys = make_lead("Free Lead")
        self.untold = make_lead("Untold Lead", owner_known_at=None)


@pytest.fixture
def house() -> House:
    return House()


def seen_by(user: User) -> set[str]:
    return {lead.first_name for lead in visible_leads(user)}


EVERYTHING = {"Own", "Colleague", "Foreign", "Free", "Untold"}


@pytest.mark.parametrize(
    ("members_see", "expected"),
    [
        ("all", EVERYTHING),
        ("team", {"Own", "Colleague", "Free"}),
        ("own", {"Own", "Free"}),
    ],
)
def test_a_member_sees_what_the_setting_says(
    house: House, members_see: str, expected: set[str]
):
    make_account(members_see=members_see)

    assert seen_by(house.user) == expected


@pytest.mark.parametrize("members_see", ["team", "own"])
def test_a_team_lead_sees_the_led_teams_the_own_team_and_what_nobody_has(
    house: House, members_see: str
):
    make_account(members_see=members_see)
    third = make_team()
    make_member("Tom", user=house.team_lead, team=third)
    make_lead("Third Lead", owner=make_member("Pat", team=third))

    assert seen_by(house.team_lead) == {"Own", "Colleague", "Third", "Free"}


@pytest.mark.parametrize("fields", [{"is_sales_manager": True}, {"is_superuser": True}])
def test_managers_and_superusers_see_all_whatever_is_set(house: House, fields: dict):
    make_account(members_see="own")
    user = make_user("Max Chief", **fields)
    user.client_limits.create(client_id=1)

    assert seen_by(user) == EVERYTHING
    assert Sight.of(user).sees_all


def test_a_login_without_a_member_sees_what_nobody_has(house: House):
    make_account(members_see="own")

    assert seen_by(make_user()) == {"Free"}


def test_a_deactivated_user_sees_nothing(house: House):
    house.user.is_active = False

    assert seen_by(house.user) == set()
    assert not Sight.of(house.user).sees_all


def test_who_is_away_still_sees_what_is_covered_for_them(house: House):
    make_account(members_see="own")
    coverage = make_coverage(house.member, house.stranger)
    lent = make_lead("Lent Lead", owner=house.stranger)
    back = make_lead("Kept Lead", owner=house.stranger)
    make_hold(coverage, lent)
    make_hold(coverage, back, outcome="kept")

    assert seen_by(house.user) == {"Own", "Free", "Lent"}
    assert Sight.of(house.user).sees(lent.pk)
    assert not Sight.of(house.user).sees(back.pk)


def limited_to(user: User, *clients: int) -> User:
    for client in clients:
        user.client_limits.create(client_id=client)
    return user


def test_a_limited_user_sees_leads_of_their_clients_only(house: House):
    limited_to(house.user, 7, 8)
    of_seven, of_nine = make_campaign(client_id=7), make_campaign(client_id=9)
    make_lead("Seven", client_id=7)
    make_lead("Eight", client_id=8, campaign=of_nine)
    make_lead("Campaign", campaign=of_seven)
    make_lead("Nine", client_id=9, campaign=of_seven)
    make_lead("Without", campaign=make_campaign())

    assert seen_by(house.user) == {"Seven", "Eight", "Campaign"}


def test_clients_limit_what_the_setting_leaves(house: House):
    make_account(members_see="own")
    limited_to(house.user, 7)
    make_lead("Mine", client_id=7, owner=house.member)
    make_lead("Theirs", client_id=7, owner=house.stranger)

    assert seen_by(house.user) == {"Mine"}


def test_rows_with_a_lead_are_limited_by_the_same_condition(house: House):
    make_account(members_see="own")
    limited_to(house.user, 7)
    coverage = make_coverage(house.member, house.stranger)
    lent = make_lead("Lent", client_id=7, owner=house.stranger)
    make_hold(coverage, lent)
    mine = make_lead("Mine", client_id=7, owner=house.member)
    rows = [make_assignment(lead, house.stranger) for lead in (lent, mine)]
    make_assignment(house.foreign, house.member)
    make_assignment(house.own, house.member)

    seen = type(rows[0]).objects.filter(Sight.of(house.user).leads("lead__"))

    assert set(seen) == set(rows)


def test_a_lead_that_does_not_exist_is_not_seen(house: House):
    make_account(members_see="own")

    assert not Sight.of(house.user).sees(987_654)


def test_who_sees_all_gets_the_queries_of_before(house: House):
    everything = str(Lead.objects.filter(owner=None).query)

    seen = Lead.objects.filter(Sight.of(house.user).leads(), owner=None)

    assert str(seen.query) == everything


def test_a_manager_costs_no_query():
    manager = make_manager()

    with CaptureQueriesContext(connection) as asked:
        assert Sight.of(manager).sees(1)

    assert len(asked) == 0


def test_sight_is_read_once_within_a_request(house: House):
    make_account(members_see="own")
    again = User.objects.get(pk=house.user.pk)

    with sight.read_once():
        first = Sight.of(house.user)
        with CaptureQueriesContext(connection) as asked:
            second = Sight.of(again)

    assert first == second
    assert len(asked) == 0


def test_sight_of_another_request_is_read_again(house: House):
    with sight.read_once():
        assert Sight.of(house.user).sees_all
    make_account(members_see="own")

    with sight.read_once():
        assert not Sight.of(house.user).sees_all
    assert not Sight.of(house.user).sees_all


def test_a_lead_that_has_moved_is_seen_by_its_new_owner(house: House):
    make_account(members_see="own")
    later = MONDAY + timedelta(hours=1)

    Lead.objects.filter(pk=house.own.pk).update(
        owner=house.stranger, owner_known_at=later
    )

    assert not Sight.of(house.user).sees(house.own.pk)
    zoe = make_user("Zoe")
    Member.objects.filter(pk=house.stranger.pk).update(user=zoe)
    assert Sight.of(zoe).sees(house.own.pk)
