from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class AssignmentsConfig(AppConfig):
    name = "assignments"
    verbose_name = "Assignments"

    def ready(self) -> None:
        from assignments import schedule  # noqa: PLC0415
        from assignments.models import triggers  # noqa: PLC0415
        from assignments.services.operations.migration_state import (  # noqa: PLC0415
            refuse_unreleased_database,
        )

        pre_migrate.connect(refuse_unreleased_database, sender=self)
        post_migrate.connect(triggers.install, sender=self)
        post_migrate.connect(schedule.install)
