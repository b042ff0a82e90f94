from typing import Any

from django.core.management.base import BaseCommand

from assignments.services.mirror.reclassify_mails import reclassify_mails


class Command(BaseCommand):
    help = (
        "Tell bounces, automatic answers and colleagues' mails from replies again, in "
        "all mails that are kept. After an update, or when logins were added."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done = reclassify_mails()
        self.stdout.write(
            f"{done.mails} mails turned out to be no replies; {done.leads} leads looked at."
        )
