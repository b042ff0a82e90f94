"""The way out when nobody can sign in to reset a second factor."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from assignments.services.people import second_factors, sign_ins


class Command(BaseCommand):
    help = "Remove the second factor of a login, and end its sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = sign_ins.find_user(sign_ins.login_name(options["username"]))
        if user is None:
            raise CommandError("Nobody signs in with this name.")
        if not second_factors.reset_from_server(user=user, at=timezone.now()):
            raise CommandError(f"{user} has no second factor.")
        self.stdout.write(f"{user} has no second factor now.")
