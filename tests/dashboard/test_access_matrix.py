"""Every address for every person, with objects inside and outside of what they see."""

import pytest

from tests.dashboard.access import table
from tests.dashboard.access.checks import AccessMatrix, listed_routes, route_names
from tests.dashboard.access.sample import make_world
from tests.trials.post_permissions import POSTS

pytestmark = pytest.mark.django_db


@pytest.fixture
def own() -> AccessMatrix:
    return AccessMatrix(make_world(members_see="own"), seen=table.SEEN_OWN)


# About nobody but the reader: steps of signing in and second factors, tested with the
# ways around them in tests/dashboard/accounts, and one's own chat channels.
STEPS = ("mfa_", "account_reauthenticate", "add_channel")


def test_every_address_stands_in_the_table():
    posted = {act.partition(" ")[0] for act, *_ in POSTS}
    admin = {name for name in route_names() if name.startswith("admin:")}

    steps = {name for name in route_names() if name.startswith(STEPS)}

    assert route_names() - listed_routes() - posted - admin - steps == set()


def test_pages_open_for_whom_they_should_and_name_no_unseen_lead(own):
    assert list(own.page_faults(table.PAGES, table.OF_LEADS)) == []


def test_forms_are_taken_from_whom_they_should(own):
    assert list(own.form_faults(table.FORMS)) == []


def test_lists_and_numbers_are_of_what_is_seen(own):
    assert list(own.count_faults()) == []


def test_where_members_see_all_only_the_limit_to_a_client_is_left():
    matrix = AccessMatrix(make_world(members_see="all"), seen=table.SEEN_ALL)

    assert list(matrix.page_faults(table.OF_LEADS)) == []
    assert list(matrix.count_faults()) == []
