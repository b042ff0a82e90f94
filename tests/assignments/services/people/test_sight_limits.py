import pytest

from assignments.models import Account, ClientLimit
from assignments.models.account import MembersSee
from assignments.services.access import Role
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.people import invitations, members, sight_limits
from assignments.services.people.sight_limits import ClientOption
from tests.factories import (
    MONDAY,
    make_account,
    make_campaign,
    make_lead,
    make_manager,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clients() -> None:
    make_account()
    make_lead(client_id=7)
    make_lead(campaign=make_campaign(client_id=7))
    make_campaign(client_id=8)


def limits_of(user) -> set[int]:
    return set(user.client_limits.values_list("client_id", flat=True))


def test_a_manager_sets_what_members_see(clients):
    sight_limits.set_members_see(actor=make_manager(), members_see=MembersSee.OWN)

    assert Account.objects.get().members_see == "own"


def test_nobody_else_decides_who_sees_what(clients):
    with pytest.raises(NotAllowed):
        sight_limits.set_members_see(actor=make_user(), members_see=MembersSee.OWN)
    with pytest.raises(NotAllowed):
        sight_limits.limit_clients(actor=make_user(), user=make_user(), clients=[7])


def test_clients_are_those_of_leads_and_of_campaigns(clients):
    assert sight_limits.client_options() == [
        ClientOption(id=7, leads=2),
        ClientOption(id=8, leads=0),
    ]


def test_a_user_is_limited_and_freed_again(clients):
    user, manager = make_user(), make_manager()

    sight_limits.limit_clients(actor=manager, user=user, clients=[7, 8])
    sight_limits.limit_clients(actor=manager, user=user, clients=[8])
    assert limits_of(user) == {8}

    sight_limits.limit_clients(actor=manager, user=user, clients=[])
    assert limits_of(user) == set()


def test_an_unknown_client_is_refused(clients):
    with pytest.raises(AssignmentRefused, match="no client 9"):
        sight_limits.limit_clients(
            actor=make_manager(), user=make_user(), clients=[7, 9]
        )

    assert not ClientLimit.objects.exists()


@pytest.mark.parametrize("fields", [{"is_sales_manager": True}, {"is_superuser": True}])
def test_who_sees_all_cannot_be_limited(clients, fields):
    user = make_user("Max Chief", **fields)

    with pytest.raises(AssignmentRefused, match="Max Chief is a sales manager"):
        sight_limits.limit_clients(actor=make_manager(), user=user, clients=[7])


def test_who_is_limited_cannot_become_a_sales_manager(clients):
    user, manager = make_user("Lia Limited"), make_manager()
    sight_limits.limit_clients(actor=manager, user=user, clients=[7])

    with pytest.raises(AssignmentRefused, match="Lia Limited is limited to clients"):
        members.edit_user(
            actor=manager, user=user, first_name="Lia", last_name="Limited", email="",
            is_sales_manager=True, is_active=True, at=MONDAY,
        )  # fmt: skip

    user.refresh_from_db()
    assert not user.is_sales_manager


def test_an_invitation_limits_to_clients(clients):
    made = invitations.invite(
        actor=make_manager(), at=MONDAY, login="lia", name="Lia", role=Role.MEMBER,
        clients=[7],
    )  # fmt: skip

    assert limits_of(made.user) == {7}


def test_an_invitation_of_a_limited_sales_manager_is_refused(clients):
    with pytest.raises(AssignmentRefused, match="cannot be limited"):
        invitations.invite(
            actor=make_manager(), at=MONDAY, login="lia", name="Lia",
            role=Role.SALES_MANAGER, clients=[7],
        )  # fmt: skip
