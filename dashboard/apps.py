import logging

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"

    def ready(self) -> None:
        from dashboard import blotting  # noqa: PLC0415  it needs the models

        logging.setLogRecordFactory(blotting.make_record)
