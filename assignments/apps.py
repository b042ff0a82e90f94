from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class AssignmentsConfig(AppConfig):
    name = "assignments"
    verbose_name = "Assignments"

    def ready(self) -> None:
        from assignments import (  # noqa: PLC0415
            schedule,
            task_errors,
            task_request_ids,
        )
        from assignments.models import triggers  # noqa: PLC0415
        from assignments.services.operations.migration_state import (  # noqa: PLC0415
            refuse_unreleased_database,
        )

        task_request_ids.connect()
        task_errors.connect()
        pre_migrate.connect(refuse_unreleased_database, sender=self)
        post_migrate.connect(triggers.install, sender=self)
        post_migrate.connect(schedule.install)
