import logging

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"

    def ready(self) -> None:
        from dashboard.server import log_redaction  # noqa: PLC0415  it needs the models

        logging.setLogRecordFactory(log_redaction.make_record)
