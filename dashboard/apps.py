import logging

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"

    def ready(self) -> None:
        # They need the models.
        from dashboard.accounts import account_events  # noqa: PLC0415
        from dashboard.accounts.oidc import receivers  # noqa: PLC0415
        from dashboard.monitoring import error_reports  # noqa: PLC0415
        from dashboard.server import log_redaction  # noqa: PLC0415

        error_reports.start()
        logging.setLogRecordFactory(log_redaction.make_record)
        account_events.connect()
        receivers.connect()
