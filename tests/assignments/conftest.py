from collections.abc import Iterator

import pytest

from assignments.sandbox.world import World
from tests.office import Office, open_office


@pytest.fixture
def office(db: None, world: World) -> Iterator[Office]:
    with open_office(world) as office:
        yield office
