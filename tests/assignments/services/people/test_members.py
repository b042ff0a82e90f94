import pytest

from assignments.models import Member, Team, User
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.people import members
from tests.factories import (
    MONDAY,
    make_lead,
    make_manager,
    make_member,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db


def edit(user: User, actor: User, **fields) -> User:
    kept = {
        name: getattr(user, name)
        for name in (
            "first_name",
            "last_name",
            "email",
            "is_sales_manager",
            "is_active",
        )
    }
    return members.edit_user(actor=actor, user=user, at=MONDAY, **(kept | fields))


class TestMembers:
    def test_a_member_added_by_hand_says_so(self):
        member = members.add_member(actor=make_manager(), member_id=7, name="Cem")

        assert (member.pk, member.source) == (7, Member.Source.HAND)

    def test_an_id_is_one_member(self):
        make_member("Ana", id=7)

        with pytest.raises(AssignmentRefused, match="Ana already has"):
            members.add_member(actor=make_manager(), member_id=7, name="Cem")

    def test_a_deactivated_member_keeps_the_leads(self):
        member = make_member()
        lead = make_lead(owner=member)

        members.edit_member(
            actor=make_manager(),
            member=member,
            name="Ana",
            email="",
            team=None,
            user=None,
            is_active=False,
            capacity=None,
            time_zone="",
        )

        lead.refresh_from_db()
        assert lead.owner == member

    def test_a_login_belongs_to_one_member(self):
        user, member = make_user(), make_member()
        make_member("Ben", user=user)

        with pytest.raises(AssignmentRefused, match="already linked to Ben"):
            members.edit_member(
                actor=make_manager(),
                member=member,
                name="Ana",
                email="",
                team=None,
                user=user,
                is_active=True,
                capacity=None,
                time_zone="",
            )


class TestTeams:
    def test_a_name_is_taken_once_whatever_its_case(self):
        Team.objects.create(name="EMEA")

        with pytest.raises(AssignmentRefused, match="already a team"):
            members.save_team(actor=make_manager(), name="emea", team_leads=[])

    def test_a_removed_team_leaves_its_members(self):
        team = make_team()
        member = make_member(team=team)

        members.remove_team(actor=make_manager(), team=team)

        assert Member.objects.get(pk=member.pk).team is None


class TestUsers:
    def test_two_passwords_differ(self):
        actor, user = make_manager(), make_user()

        first = members.set_password(actor=actor, user=user)

        assert members.set_password(actor=actor, user=user) != first

    def test_only_an_administrator_sets_an_administrators_password(self):
        admin = make_user(is_superuser=True)

        with pytest.raises(AssignmentRefused, match="is an administrator"):
            members.set_password(actor=make_manager(), user=admin)

    def test_only_an_administrator_shuts_an_administrator_out(self):
        admin = make_user(is_superuser=True)

        with pytest.raises(AssignmentRefused, match="is an administrator"):
            edit(admin, make_manager(), is_active=False)

    @pytest.mark.parametrize("field", ["is_sales_manager", "is_active"])
    def test_the_last_manager_stays(self, field):
        last = make_manager()
        make_manager(is_active=False)

        with pytest.raises(AssignmentRefused, match="last sales manager"):
            edit(last, last, **{field: False})

    def test_one_of_two_managers_may_go(self):
        one, two = make_manager(), make_manager()

        assert not edit(one, two, is_active=False).is_active


@pytest.mark.parametrize(
    "act",
    [
        lambda u: members.add_member(actor=u, member_id=7, name="Cem"),
        lambda u: members.save_team(actor=u, name="EMEA", team_leads=[u]),
        lambda u: members.remove_team(actor=u, team=make_team()),
        lambda u: members.deactivate_member(actor=u, member=make_member(), at=MONDAY),
        lambda u: members.activate_member(actor=u, member=make_member()),
        lambda u: members.set_password(actor=u, user=make_user()),
        lambda u: edit(u, u, is_sales_manager=True),
    ],
)
def test_people_are_kept_by_sales_managers(act):
    user = make_user()
    make_team(leads=(user,))

    with pytest.raises(NotAllowed, match="Only a sales manager can"):
        act(user)
