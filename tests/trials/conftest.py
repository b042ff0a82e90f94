import os
from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.trials.databases import Databases
from tests.trials.kill import databases


@pytest.fixture(scope="session")
def source() -> Iterator[Databases]:
    """Databases for trials, of the kind that the suite runs on; migrated once."""
    engine = settings.DATABASES["default"]["ENGINE"]
    is_postgres = "TEST_DATABASE_URL" in os.environ and "postgresql" in engine
    with databases("postgres" if is_postgres else "sqlite") as source:
        yield source
