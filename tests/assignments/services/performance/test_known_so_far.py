"""What the mirror holds from before replies were kept is recorded by a migration."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps

from assignments.models import Message, Reply, SeenMail
from assignments.services import audit
from tests.factories import MONDAY, make_assignment, make_lead, make_member

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def record() -> None:
    name = "assignments.migrations.0027_replies_known_so_far"
    import_module(name).record(apps, None)


def test_from_the_last_mails_of_a_lead():
    make_lead(last_reply_at=MONDAY - HOUR, last_sent_at=MONDAY)
    make_lead(last_reply_at=None, last_sent_at=None)

    record()

    reply = Reply.objects.get()
    assert (reply.minutes, reply.due_at) == (60, None)
    assert SeenMail.objects.count() == 2


def test_from_its_conversation_and_its_history():
    ana, ben = make_member("Ana"), make_member("Ben")
    lead = make_lead(owner=ben, last_reply_at=MONDAY, last_sent_at=MONDAY - HOUR)
    make_assignment(lead, ben, expected=ana, state="done", finished_at=MONDAY)
    for hours, direction in ((5, "reply"), (3, "sent")):
        at = MONDAY - hours * HOUR
        Message.objects.create(lead=lead, key=direction, direction=direction, at=at)

    record()

    answered, waiting = Reply.objects.order_by("replied_at")
    assert (answered.owner, answered.minutes) == (ana, 120)
    assert waiting.answered_at is None
    kept = {str(one): one.is_kept for one in audit.examine(at=MONDAY)}
    assert kept["Every answer is as mails and ledger tell it."]
