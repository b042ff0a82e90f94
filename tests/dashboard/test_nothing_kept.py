"""No browser and no proxy may keep what only a signed-in person may see."""

import pytest

from tests.dashboard.pages import htmx, read_to_end
from tests.factories import make_feed, make_lead


@pytest.fixture
def lead():
    return make_lead()


@pytest.mark.parametrize(
    "address",
    [
        "/", "/inbox/", "/leads/{lead}/", "/leads/{lead}/row/", "/banner/", "/history/",
        "/history/export.csv", "/team/performance.csv", "/coverage/",
        "/coverage/calendar/secret.ics", "/settings/sign-ins/", "/accounts/login/",
        "/accounts/logout/", "/nowhere/", "/inbox/?owner=x", "/admin/", "/healthz",
    ],
)  # fmt: skip
@pytest.mark.parametrize("target", [None, "list"])
def test_every_answer_forbids_to_be_kept(client, manager, lead, address, target):
    make_feed(token="secret")
    headers = htmx(target) if target else {}

    response = client.get(address.format(lead=lead.pk), headers=headers)
    read_to_end(response)

    for directive in ("no-store", "private"):
        assert directive in response["Cache-Control"]


def test_a_page_that_broke_and_a_refused_form_too(client, manager, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("dashboard.inbox.lead_list.rows_of", None)

    for response in (client.get("/inbox/"), client.post("/assign/", {"lead": "x"})):
        assert "no-store" in response["Cache-Control"]


def test_static_files_are_kept(settings):
    """They are answered before our own middleware sees them."""
    middleware = settings.MIDDLEWARE
    static = middleware.index("whitenoise.middleware.WhiteNoiseMiddleware")

    assert static < middleware.index("dashboard.middleware.NothingKept")
