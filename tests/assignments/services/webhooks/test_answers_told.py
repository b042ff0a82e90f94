"""What an event must not do to the figures: a promise stands, a forged mail does not."""

from datetime import datetime, timedelta

import pytest

from assignments.models import Lead, Message, Reply
from assignments.services.mirror import conversations
from assignments.services.mirror.import_leads import save_rows
from assignments.services.operations import invariants
from assignments.services.webhooks.receive import receive
from tests.assignments.services.mirror.test_conversations import entry
from tests.factories import MONDAY, make_target
from tests.mirror_harness import make_row
from tests.webhook_events import SECRET, encoded_body, reply_event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _secret(settings) -> None:
    settings.SMARTLEAD_WEBHOOK_SECRET = SECRET


def hour(number: float) -> datetime:
    return MONDAY + timedelta(hours=number)


def look(*, sent: float, replied: float, at: float) -> Lead:
    row = make_row(last_sent_at=hour(sent), last_reply_at=hour(replied))
    save_rows([row], asked_at=hour(at), at=hour(at), by="list")
    return Lead.objects.get()


def tell(payload, *, at: float) -> None:
    receive(body=encoded_body(payload), signature=None, at=hour(at))


def answered(lead: Lead, *, at: float) -> dict:
    mail = {"message_id": "<ours@x>", "html": "Yes", "time": hour(at).isoformat()}
    return reply_event(lead, event_type="EMAIL_SENT", sent_message=mail)


@pytest.mark.parametrize("way", ["list", "conversation"])
def test_an_answer_that_an_event_told_keeps_its_promise(way):
    make_target(minutes=120)
    lead = look(sent=-5, replied=-1, at=0)

    tell(answered(lead, at=0.5), at=0.6)
    if way == "list":
        look(sent=0.5, replied=-1, at=2)
    else:
        mails = [
            entry(direction=direction, at=hour(at), message_id=f"<{at}@x>")
            for direction, at in (("sent", -5), ("reply", -1), ("sent", 0.5))
        ]
        conversations.save_conversation(lead=lead, history=mails, at=hour(2))

    reply = Reply.objects.get()
    assert (reply.answered_at, reply.due_at) == (hour(0.5), hour(1))


def test_a_reply_after_the_answer_lends_it_no_promise():
    make_target(minutes=120)
    lead = look(sent=-5, replied=-1, at=0)

    tell(answered(lead, at=0.5), at=0.6)
    tell(reply_event(lead, at=hour(0.7)), at=0.8)
    look(sent=0.5, replied=0.7, at=2)

    assert Reply.objects.order_by("replied_at")[0].due_at == hour(1)


def test_a_reply_that_only_an_event_told_so_far_is_no_finding_of_the_audit():
    lead = look(sent=-5, replied=-1, at=0)

    tell(reply_event(lead, at=hour(0.2)), at=0.3)
    tell(reply_event(lead, at=hour(-3)), at=0.4)

    findings = {
        str(one): one.is_kept for one in invariants.check_invariants(at=hour(1))
    }
    assert findings["Every answer is as mails and ledger tell it."]


class TestMailsToldByEvents:
    """They are shown at once; a conversation that was read later knows better."""

    def thread(self, lead: Lead, *mails, at: float) -> None:
        conversations.save_conversation(
            lead=lead, history=mails, at=hour(at), is_whole=True
        )

    def bodies(self) -> list[str]:
        return list(Message.objects.values_list("body_html", flat=True))

    def told(self, lead: Lead, *, at: float, id_: str = "<1@x>", body: str = "Told"):
        part = {"message_id": id_, "html": body, "time": hour(at).isoformat()}
        return reply_event(lead, reply_message=part)

    def test_a_forged_one_goes_with_the_next_conversation(self):
        lead = look(sent=-5, replied=-1, at=0)
        tell(self.told(lead, at=0.1, body="Pay here"), at=0.2)

        self.thread(lead, entry(body_html="True", at=hour(-1)), at=1)

        assert self.bodies() == ["True"]

    def test_the_conversation_says_what_the_mail_was(self):
        lead = look(sent=-5, replied=-1, at=0)
        tell(self.told(lead, at=0.9, body="Pay here"), at=0.95)

        self.thread(lead, entry(body_html="True", message_id="<1@x>"), at=1)

        assert self.bodies() == ["True"]

    def test_what_the_conversation_cannot_have_yet_stays(self):
        lead = look(sent=-5, replied=-1, at=0)
        tell(self.told(lead, at=0.9), at=0.95)

        self.thread(lead, entry(body_html="True", at=hour(-1)), at=1)

        assert self.bodies() == ["True", "Told"]
        lead.refresh_from_db()
        assert conversations.is_conversation_stale(lead)

    def test_what_the_conversation_has_is_not_shown_twice(self):
        lead = look(sent=-5, replied=-1, at=0)
        self.thread(lead, entry(body_html="True", message_id="<1@x>"), at=0.5)

        tell(self.told(lead, at=0.4), at=0.6)

        assert self.bodies() == ["True"]

    def test_one_that_an_earlier_conversation_should_have_is_not_believed(self):
        lead = look(sent=-5, replied=-1, at=0)
        self.thread(lead, entry(body_html="True"), at=0.5)

        tell(self.told(lead, at=-2), at=0.6)

        assert self.bodies() == ["True"]

    def test_one_from_the_future_is_shown_as_of_now(self):
        lead = look(sent=-5, replied=-1, at=0)

        tell(self.told(lead, at=9000), at=0.5)

        assert Message.objects.get().at == hour(0.5)
