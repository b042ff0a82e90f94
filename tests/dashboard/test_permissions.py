import pytest

from assignments.services.access import role_of, why_not_assign
from dashboard.permissions import ViewerRights
from tests.factories import make_lead, make_manager, make_member, make_team, make_user


@pytest.mark.django_db
def test_rows_offer_exactly_what_the_services_allow():
    lead_of_team, plain, manager = make_user(), make_user(), make_manager()
    team = make_team(leads=(lead_of_team,))
    owners = [
        make_member(team=team),
        make_member(user=plain),
        make_member(user=lead_of_team),
        make_member(team=make_team()),
        None,
    ]
    leads = [make_lead(owner=owner) for owner in owners]
    leads.append(make_lead(owner_known_at=None))

    for user in (lead_of_team, plain, manager):
        rights = ViewerRights.of(user)
        assert rights.role == role_of(user)
        for lead in leads:
            allowed = why_not_assign(user, lead=lead, to=None) is None
            assert rights.may_move(lead) == allowed, (user, lead.owner)
