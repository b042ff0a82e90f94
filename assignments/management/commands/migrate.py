from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db import connections

# Any number, the same on all hosts.
LOCK = 0x48414E444F4646


class Command(migrate.Command):
    """Django's `migrate`, by one host at a time: the others wait, and find it done."""

    help = f"{migrate.Command.help} One host at a time; the others wait."

    def handle(self, *args: Any, **options: Any) -> None:
        with self._alone(options["database"]):
            super().handle(*args, **options)

    @contextmanager
    def _alone(self, database: str) -> Iterator[None]:
        """Hold a lock of PostgreSQL, which ends with the connection; with SQLite nothing
        is locked.
        """
        connection = connections[database]
        if connection.vendor != "postgresql":
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                self.stdout.write("Another host migrates this database; waiting.")
                self.stdout.flush()
                cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
