"""Mails composed and sent as the worker does it, for tests with a real mail server."""

from datetime import datetime, timedelta
from typing import Any

from assignments import smtp
from assignments.models import Mail
from assignments.services.notifications import compose, outbox
from assignments.services.notifications.notify import notify
from tests.factories import MONDAY, make_user

MINUTE = timedelta(minutes=1)
ANA, BEN = "ana@example.com", "ben@example.com"


def make_due_mail(
    address: str = ANA, subject: str = "3 leads are yours", **fields: Any
) -> Mail:
    """Notify a new user and compose the mail."""
    values = {"kind": "assigned", "key": "1", "text": "", "path": "/inbox/"}
    user = make_user(email=address)
    notify(user, subject=subject, at=MONDAY, **(values | fields))
    compose.compose_due_mails(at=MONDAY)
    return Mail.objects.get(address=address)


def send_due_mails(at: datetime = MONDAY) -> int:
    with smtp.postman() as postman:
        return outbox.deliver_due_mails(
            postman=postman, until=at + MINUTE, clock=lambda: at
        )
