import pytest

from assignments.models import Member
from tests.office import Office


@pytest.fixture
def cast(office: Office) -> list[Member]:
    """Ana away, Ben, Cem and Dua."""
    return office.members[:4]
