"""Roles and teams that groups of the provider give and take."""

import pytest

from assignments.models import GroupMapping, SignInEvent, User
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.people import provider_groups
from tests.factories import make_manager, make_member, make_team, make_user

pytestmark = pytest.mark.django_db
Role = GroupMapping.Role


@pytest.fixture
def ana(db) -> User:
    return make_user("Ana Sousa", email="ana@example.com")


def line(group: str, role: str, team=None) -> GroupMapping:
    return GroupMapping.objects.create(claim_value=group, role=role, team=team)


def comes_with(own, arrive, client, *groups: str, user: User) -> User:
    """Sign in with these groups, after a sign-out; return the user afresh."""
    client.post("/accounts/logout/")
    own.claims = {"groups": list(groups)}
    assert arrive().status_code == 302
    return User.objects.get(pk=user.pk)


def test_groups_give_role_and_teams_and_take_them(own, arrive, client, ana):
    make_manager()
    emea, apac = make_team("EMEA"), make_team("APAC")
    member = make_member("Ana", user=ana)
    line("managers", Role.SALES_MANAGER)
    line("emea-leads", Role.TEAM_LEAD, emea)
    line("apac", Role.MEMBER, apac)

    given = comes_with(
        own, arrive, client, "managers", "emea-leads", "apac", "unknown", user=ana
    )

    member.refresh_from_db()
    assert given.is_sales_manager
    assert list(given.leads_teams.all()) == [emea]
    assert member.team == apac

    taken = comes_with(own, arrive, client, user=ana)

    member.refresh_from_db()
    assert not taken.is_sales_manager
    assert not taken.leads_teams.exists()
    assert member.team is None


def test_changes_are_logged_with_group_and_claim(own, arrive, client, ana):
    line("managers", Role.SALES_MANAGER)

    comes_with(own, arrive, client, "managers", user=ana)

    event = SignInEvent.objects.get(kind="rights_changed")
    assert event.user == ana
    assert event.detail == "Sales manager, by managers in the claim “groups”."


def test_who_is_limited_to_clients_becomes_no_manager(own, arrive, client, ana):
    ana.client_limits.create(client_id=7)
    line("managers", Role.SALES_MANAGER)

    after = comes_with(own, arrive, client, "managers", user=ana)

    assert not after.is_sales_manager
    event = SignInEvent.objects.get(kind="rights_changed")
    assert event.detail == "Not made a sales manager: limited to clients."


def test_what_no_line_gives_is_not_taken(own, arrive, client, ana):
    by_hand = make_team("By hand", leads=(ana,))
    User.objects.filter(pk=ana.pk).update(is_sales_manager=True)
    make_manager()
    line("emea-leads", Role.TEAM_LEAD, make_team("EMEA"))

    after = comes_with(own, arrive, client, user=ana)

    assert after.is_sales_manager
    assert list(after.leads_teams.all()) == [by_hand]


def test_an_empty_table_changes_nothing(own, arrive, client, ana):
    User.objects.filter(pk=ana.pk).update(is_sales_manager=True)

    assert comes_with(own, arrive, client, user=ana).is_sales_manager


def test_the_last_manager_stays_one(own, arrive, client, ana):
    User.objects.filter(pk=ana.pk).update(is_sales_manager=True)
    line("managers", Role.SALES_MANAGER)

    assert comes_with(own, arrive, client, user=ana).is_sales_manager
    assert "the last one" in SignInEvent.objects.get(kind="rights_changed").detail


def test_a_break_glass_login_keeps_what_it_has(own, arrive, client, ana, settings):
    settings.LOCAL_SIGN_IN = frozenset({ana.username})
    make_manager()
    team = make_team("EMEA", leads=(ana,))
    User.objects.filter(pk=ana.pk).update(is_sales_manager=True)
    line("managers", Role.SALES_MANAGER)
    line("leads", Role.TEAM_LEAD, team)

    after = comes_with(own, arrive, client, user=ana)

    assert after.is_sales_manager
    assert list(after.leads_teams.all()) == [team]


def test_a_line_whose_team_is_gone_gives_nothing(own, arrive, client, ana):
    team = make_team("EMEA")
    line("leads", Role.TEAM_LEAD, team)
    team.delete()

    assert not comes_with(own, arrive, client, "leads", user=ana).leads_teams.exists()


def test_groups_that_are_elsewhere_change_nothing(own, arrive, client, ana):
    """So Microsoft answers of people in more than 200 groups."""
    make_manager()
    User.objects.filter(pk=ana.pk).update(is_sales_manager=True)
    line("managers", Role.SALES_MANAGER)
    own.claims = {"groups": None, "_claim_names": {"groups": "src1"}}

    arrive()

    assert User.objects.get(pk=ana.pk).is_sales_manager


@pytest.mark.parametrize("said", ["managers", ["managers", 7, None], {"managers": 1}])
def test_a_claim_of_another_shape_gives_what_can_be_read(own, arrive, ana, said):
    line("managers", Role.SALES_MANAGER)
    own.claims = {"groups": said}

    arrive()

    is_read = not isinstance(said, dict)
    assert User.objects.get(pk=ana.pk).is_sales_manager is is_read


def test_a_password_changes_no_rights(client, ana):
    make_manager()
    User.objects.filter(pk=ana.pk).update(is_sales_manager=True)
    line("managers", Role.SALES_MANAGER)

    client.post(
        "/accounts/login/", {"username": ana.username, "password": "correct horse"}
    )

    assert User.objects.get(pk=ana.pk).is_sales_manager


def test_only_managers_write_the_table_and_each_line_once(ana):
    manager = make_manager()
    said = {"claim_value": "x", "role": Role.SALES_MANAGER, "team": None}

    with pytest.raises(NotAllowed):
        provider_groups.add_line(actor=ana, **said)
    provider_groups.add_line(actor=manager, **said)
    with pytest.raises(AssignmentRefused, match="has this line"):
        provider_groups.add_line(actor=manager, **said)
    with pytest.raises(AssignmentRefused, match="Choose the team"):
        provider_groups.add_line(actor=manager, **said | {"role": Role.TEAM_LEAD})
