"""Providers to sign in with: a kept one, and ours that misbehaves on demand."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from oidc_provider_mock import run_server_in_thread

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
