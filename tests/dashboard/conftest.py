"""Who looks at the pages, with a desk of two members."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assignments.models import Account, Heartbeat, Member, User
from tests.dashboard.pages import without_layout
from tests.factories import make_manager, make_member, make_user


class PageClient(Client):
    """Reads pages without the line breaks that lay out a template."""

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if (
            is_page
            and not response.streaming
            and not response.has_header("Content-Encoding")
        ):
            response.content = without_layout(response.content.decode()).encode()
        return response


@pytest.fixture
def client() -> Client:
    return PageClient()


@pytest.fixture(autouse=True)
def _all_is_well(db) -> None:
    """A worker that is alive, so that no banner stands in the way."""
    Heartbeat.objects.create(name="worker", beat_at=timezone.now())
    Account.objects.get_or_create(pk=1)


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
