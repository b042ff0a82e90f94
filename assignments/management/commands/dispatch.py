from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from assignments import database_clock, smtp
from assignments.services import account as accounts
from assignments.services.bulk import write_plan
from assignments.services.dispatch.context import DispatchContext
from assignments.services.dispatch.dispatcher import Dispatcher, is_work_left
from assignments.services.notifications import chat_compose
from assignments.tasks import open_client, send_chats, send_mails


class Command(BaseCommand):
    help = (
        "Send what is due, changes, mails and chat, with or without a running worker."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--until-empty",
            action="store_true",
            help="go on until nothing is waiting or sending, through leases and pauses",
        )

    def handle(self, *args: Any, until_empty: bool, **options: Any) -> None:
        if problem := accounts.binding_problem(accounts.current_account()):
            raise CommandError(problem)
        for plan in write_plan.unwritten_plans():
            while write_plan.write_chunk(plan=plan, at=database_clock.now()):
                pass
        with open_client() as (client, budget):
            desk = DispatchContext(
                client=client, budget=budget, clock=database_clock.now
            )
            dispatcher = Dispatcher(desk)
            if until_empty:
                dispatcher.run_until_empty()
            else:
                seat_time = timedelta(seconds=settings.SEAT_TIME)
                dispatcher.run(until=database_clock.now() + seat_time)
        if smtp.is_on():
            self.stdout.write(send_mails())
        if chat_compose.has_chat_to_send(at=database_clock.now()):
            self.stdout.write(send_chats())
        self._conclude(dispatcher.turns)

    def _conclude(self, turns: int) -> None:
        account = accounts.current_account()
        left = is_work_left(account)
        self.stdout.write(
            f"{turns} turns; {'something' if left else 'nothing'} is left."
        )
        if account.outage_since:
            raise CommandError(account.outage_sentence)
