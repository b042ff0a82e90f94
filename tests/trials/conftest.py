import os
from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.trials.databases import TrialDatabases
from tests.trials.kill import open_databases


@pytest.fixture(scope="session")
def databases() -> Iterator[TrialDatabases]:
    """Databases for trials, of the kind that the suite runs on; migrated once."""
    engine = settings.DATABASES["default"]["ENGINE"]
    is_postgres = "TEST_DATABASE_URL" in os.environ and "postgresql" in engine
    with open_databases("postgres" if is_postgres else "sqlite") as databases:
        yield databases
