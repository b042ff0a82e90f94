"""Providers to sign in with: a kept one, and ours that misbehaves on demand."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from oidc_provider_mock import run_server_in_thread

from tests.dashboard.accounts.oidc.own_provider import OwnProvider, open_own_provider
from tests.dashboard.accounts.oidc.visitor import Visit, bind


@pytest.fixture(scope="session")
def mock_provider() -> Iterator[str]:
    """The address of `oidc-provider-mock`, which signs in whoever is named."""
    with run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def visit(client, settings, mock_provider) -> Visit:
    bind(settings, mock_provider)
    cache.clear()
    return Visit(client=client, provider=mock_provider)


@pytest.fixture
def own(settings) -> Iterator[OwnProvider]:
    """A provider that does as it is told, bad things too."""
    with open_own_provider() as provider:
        bind(settings, provider.issuer)
        cache.clear()
        yield provider


@pytest.fixture
def arrive(client, own) -> Callable[..., Any]:
    """Sign in as the one person whom our own provider knows; return the answer."""

    def arrive(*, next_page: str = "", browser: Client = client) -> Any:
        there = Visit(client=browser, provider=own.issuer).leave(next_page=next_page)
        return browser.get(own.authorize(there))

    return arrive
