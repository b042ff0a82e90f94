from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from assignments.services.operations import tick


class Command(BaseCommand):
    help = "Do once what the worker does each minute; for cron, and for trials."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", metavar="ISO", help="move the clock (sandbox only)")

    def handle(self, *args: Any, at: str | None, **options: Any) -> None:
        self.stdout.write(tick.tick(at=_moment(at) if at else timezone.now()))


def _moment(text: str) -> datetime:
    if settings.SMARTLEAD_IS_REAL:
        raise CommandError("--at moves the clock, which the real Smartlead forbids.")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"{text!r} is no ISO time, like 2026-05-12T09:00Z."
        ) from None
    return moment if moment.tzinfo else timezone.make_aware(moment)
