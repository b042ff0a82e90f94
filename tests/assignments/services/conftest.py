"""Members that many tests name."""

import pytest

from assignments.models import Member
from tests.factories import make_member


@pytest.fixture
def ana() -> Member:
    return make_member("Ana")


@pytest.fixture
def ben() -> Member:
    return make_member("Ben")


@pytest.fixture
def cem() -> Member:
    return make_member("Cem")
