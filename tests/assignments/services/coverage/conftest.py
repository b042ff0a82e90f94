import pytest

from assignments.models import Member
from tests.dispatch_harness import Office


@pytest.fixture
def cast(office: Office) -> list[Member]:
    """Ana away, Ben, Cem and Dua."""
    return office.members[:4]
