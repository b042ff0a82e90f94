"""Who looks at the pages, with a desk of two members."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from assignments.models import Account, Heartbeat, Member, User
from tests.factories import make_manager, make_member, make_user


@pytest.fixture(autouse=True)
def _all_is_well(db) -> None:
    """A worker that is alive, so that no banner stands in the way."""
    Heartbeat.objects.create(name="worker", beat_at=timezone.now())
    Account.objects.get_or_create(pk=1)


class PageClient(Client):
    """Reads pages without the line breaks that only lay them out."""

    def request(self, **request: object) -> HttpResponse:
        response = super().request(**request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_page and not response.streaming:
            response.content = without_line_breaks(response.content.decode())
        return response


def without_line_breaks(html: str) -> str:
    """Put each element on one line; white space within a line stays as it is."""
    for pattern, joined in (
        (r"\s*\n\s*>", ">"),
        (r"(<[a-z][^<>]*>)\s*\n\s*", r"\1"),
        (r"\s*\n\s*(?=</)", ""),
        (r"\s*\n\s*", " "),
    ):
        html = re.sub(pattern, joined, html)
    return html


@pytest.fixture
def client() -> Client:
    return PageClient()


@pytest.fixture
def manager(client) -> User:
    """Signed in."""
    user = make_manager()
    client.force_login(user)
    return user


@pytest.fixture
def stranger(client) -> User:
    """Signed in; no member, no team."""
    user = make_user("Stan Stranger")
    client.force_login(user)
    return user


@pytest.fixture
def ana() -> Member:
    return make_member("Ana Sousa")


@pytest.fixture
def ben() -> Member:
    return make_member("Ben Okafor")
