"""Mails about a login itself: they go out whatever somebody wishes to be told.

A link that opens a login is computed from it and kept nowhere: not in the database, not
in the log. The mail is stored with a mark in its place, and gets it when it is sent.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail.message import make_msgid
from django.template.loader import render_to_string

from assignments import smtp
from assignments.models import Mail, User
from assignments.task_queue import nudge_mails

LINK_MARK = "[the link is put in when this mail is sent]"


def store_mail(
    template: str,
    context: dict[str, Any],
    *,
    purpose: Mail.Purpose,
    user: User | None,
    address: str,
    subject: str,
    at: datetime,
) -> Mail:
    """Store a mail made of `mail/<template>.txt` and `.html`, and return it.

    It waits until the next nudge or tick. Cuts address and subject to their columns.
    """
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")
    return Mail.objects.create(
        message_id=make_msgid(domain=host),
        user=user,
        address=address[:254],
        subject=subject[:200],
        text=render_to_string(f"mail/{template}.txt", context).strip() + "\n",
        html=render_to_string(f"mail/{template}.html", context),
        purpose=purpose,
        created_at=at,
    )


def delete_waiting(user: User, purpose: Mail.Purpose) -> None:
    """Delete mails of this purpose to the user that nobody has claimed yet."""
    mails = Mail.objects.filter(user=user, purpose=purpose)
    waiting = mails.filter(state=Mail.State.WAITING).select_for_update()
    ids = list(waiting.values_list("pk", flat=True))  # locked: none is claimed now
    Mail.objects.filter(pk__in=ids).delete()


def tell_of_change(
    user: User, *, change: str, at: datetime, address: str | None = None
) -> None:
    """Store a mail that tells the user of a change of their login, and have it sent.

    `change` is a finished sentence. `address` is the user's unless given. Nothing is
    done without an address or while mail is off.
    """
    address = user.email if address is None else address
    if not (address and smtp.is_on()):
        return
    store_mail(
        "account_change",
        {"user": user, "change": change, "at": at, "site": settings.SITE_URL},
        purpose=Mail.Purpose.NOTICE,
        user=user,
        address=address,
        subject="Your login at Handoff was changed",
        at=at,
    )
    nudge_mails()
