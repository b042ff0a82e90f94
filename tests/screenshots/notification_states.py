"""Notifications and refused mails for the screenshots."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from assignments.models import Mail, MailServer
from assignments.services.coverage import messages
from assignments.services.notifications import assignments

SERVER = {"BACKEND": "assignments.smtp.Backend", "OPTIONS": {"host": "localhost"}}


def announce() -> None:
    """Send the notifications that the two days of work have caused."""
    later = timezone.now() + timedelta(hours=1)
    assignments.announce_assignments(at=later)
    messages.announce_coverages(at=later)
    messages.announce_troubles(at=later)


def refuse_mails() -> None:
    """Pretend that the mail server is down after it has refused two mails."""
    settings.MAILERS = {"default": SERVER}
    at = timezone.now()
    MailServer.objects.update_or_create(
        pk=1,
        defaults={
            "trouble": "The mail server cannot be reached: no answer in time.",
            "trouble_since": at - timedelta(minutes=12),
            "try_again_at": at + timedelta(minutes=3),
        },
    )
    for number, name in enumerate(("maya", "luca")):
        Mail.objects.get_or_create(
            message_id=f"<{name}@example.com>",
            defaults={
                "address": f"{name}@example.com",
                "subject": f"Sara Klein gave you {number + 3} leads",
                "state": Mail.State.REFUSED,
                "outcome": "The mail server said: 550 5.1.1 No such mailbox",
                "created_at": at,
                "finished_at": at,
            },
        )


def restore_mail_server() -> None:
    settings.MAILERS = {}
    MailServer.objects.all().delete()
