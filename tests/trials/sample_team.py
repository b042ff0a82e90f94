"""A team, members beside it, and a signed-in client for each user."""

from typing import Any

from django.test import Client

from assignments.models import User
from tests.factories import (
    make_account,
    make_category,
    make_lead,
    make_manager,
    make_member,
    make_rule,
    make_suggestion,
    make_team,
    make_user,
)

type SampleTeam = dict[str, Any]


def make_sample_team() -> SampleTeam:
    """Make a team of two with its lead, a member beside it, and a lead of each."""
    make_account()  # a page makes it where it is missing
    users = {
        "member": make_user("Mo Member"),
        "team lead": make_user("Tia Lead"),
        "manager": make_manager("Max Manager"),
    }
    team = make_team(leads=(users["team lead"],))
    mo = make_member("Mo", team=team, user=users["member"])
    cleo = make_member("Cleo", team=team)
    eve = make_member("Eve")
    nobodys = make_lead()
    return {
        **users, "team": team, "mo": mo, "cleo": cleo, "eve": eve,
        "mos": make_lead(owner=mo), "cleos": make_lead(owner=cleo),
        "eves": make_lead(owner=eve), "nobodys": nobodys,
        "category": make_category(), "rule": make_rule(mo, mode="off"),
        "suggestion": make_suggestion(nobodys, mo),
    }  # fmt: skip


def signed_in_client(user: User, **options: bool) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client
