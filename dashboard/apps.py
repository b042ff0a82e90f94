import logging

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"

    def ready(self) -> None:
        from dashboard.monitoring import error_reports  # noqa: PLC0415
        from dashboard.server import log_redaction  # noqa: PLC0415  it needs the models

        error_reports.start()
        logging.setLogRecordFactory(log_redaction.make_record)
