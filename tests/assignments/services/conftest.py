"""People whom many tests name."""

import pytest

from assignments.models import Member, User
from tests.factories import make_manager, make_member


@pytest.fixture
def manager() -> User:
    return make_manager()


@pytest.fixture
def ana() -> Member:
    return make_member("Ana")


@pytest.fixture
def ben() -> Member:
    return make_member("Ben")


@pytest.fixture
def cem() -> Member:
    return make_member("Cem")
