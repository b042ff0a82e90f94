"""The one schedule of django-q2, kept by `migrate`: a tick each minute."""

from typing import Any

from django.db import connections

NAME = "tick"


def install(*, using: str, **_: Any) -> None:
    """Create or correct the schedule of a tick each minute in the database `using`.

    Nothing is done if the table of schedules is not there.
    """
    from django_q.models import Schedule  # noqa: PLC0415

    if Schedule._meta.db_table not in connections[using].introspection.table_names():
        return
    Schedule.objects.using(using).update_or_create(
        name=NAME,
        defaults={
            "func": "assignments.tasks.tick",
            "schedule_type": Schedule.MINUTES,
            "minutes": 1,
            "repeats": -1,
        },
    )
