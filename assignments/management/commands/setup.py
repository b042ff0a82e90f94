import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assignments.services.errors import AssignmentRefused
from assignments.services.operations import doctor
from assignments.services.people.first_manager import create_manager


class Command(BaseCommand):
    help = "Create the first sales manager, and look through the settings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username")
        parser.add_argument("--email")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password from the first line of standard input",
        )
        parser.add_argument(
            "--another", action="store_true", help="also when there is one already"
        )

    def handle(
        self,
        *args: Any,
        username: str | None,
        email: str | None,
        password_stdin: bool,
        another: bool,
        **options: Any,
    ) -> None:
        self._look_at_settings()
        if (pending := doctor.migrations()).is_problem:
            raise CommandError(f"{pending.sentence} {pending.remedy}")
        try:
            user = create_manager(
                username=username or self._ask("User name: "),
                email=self._ask("E-mail: ") if email is None else email,
                password=_first_line() if password_stdin else self._ask_password(),
                another=another,
            )
        except AssignmentRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{user.username} can sign in, as a sales manager.")

    def _look_at_settings(self) -> None:
        for finding in doctor.settings_findings():
            if finding.is_problem:
                self.stderr.write(f"{finding.sentence} {finding.remedy}")

    def _ask(self, question: str) -> str:
        _require_keyboard()
        return input(question).strip()

    def _ask_password(self) -> str:
        _require_keyboard()
        password = getpass.getpass("Password: ")
        if getpass.getpass("Password again: ") != password:
            raise CommandError("The two passwords differ.")
        return password


def _require_keyboard() -> None:
    if not sys.stdin.isatty():
        raise CommandError(
            "Nobody is at the keyboard: give --username, --email, --password-stdin."
        )


def _first_line() -> str:
    return sys.stdin.readline().rstrip("\n")
