import pytest

from assignments.models import Member
from tests.dispatch_harness import DispatchHarness


@pytest.fixture
def cast(office: DispatchHarness) -> list[Member]:
    """Ana away, Ben, Cem and Dua."""
    return office.members[:4]
