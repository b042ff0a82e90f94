import psycopg
import pytest
from django.core.management import call_command
from django.core.management.commands import migrate as django_migrate
from django.db import connection

from assignments.management.commands.migrate import LOCK

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="a PostgreSQL lock"),
]


def is_free_for_another_host() -> bool:
    values = connection.get_connection_params()
    known = {name: values[name] for name in ("dbname", "user", "host", "port")}
    with psycopg.connect(**known) as other:
        row = other.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
    return bool(row and row[0])


def test_one_host_migrates_at_a_time(monkeypatch):
    seen: list[bool] = []

    def handle(*_: object, **__: object) -> None:
        seen.append(is_free_for_another_host())

    monkeypatch.setattr(django_migrate.Command, "handle", handle)

    call_command("migrate")

    assert seen == [False]
    assert is_free_for_another_host()


def test_the_lock_is_given_up_when_a_migration_fails(monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(django_migrate.Command, "handle", fail)

    with pytest.raises(ZeroDivisionError):
        call_command("migrate")

    assert is_free_for_another_host()
