import pytest
from django.urls import reverse
from tests.factories import *

@pytest.mark.django_db
def test_pages(client, manager, ana, ben):
    lead = make_lead("Lena Lead", owner=ana, campaign=make_campaign(), category=make_category())
    make_assignment(lead, ben)
    for name,args in (("inbox",()),("lead",(lead.pk,)),("lead_row",(lead.pk,)),("assign",(lead.pk,)),("history",()),("system",()),("team",()),("member",(ana.pk,)),("add_member",()),("settings",()),("teams",()),("users",()),("user",(manager.pk,)),("me",()),("password",()),("banner",()),("healthz",()),("readyz",())):
        r = client.get(reverse(name,args=args))
        print(name, r.status_code, len(r.content))
        assert r.status_code == 200, name
    client.logout()
    assert client.get("/accounts/login/").status_code == 200
    assert client.get("/inbox/").status_code == 302
