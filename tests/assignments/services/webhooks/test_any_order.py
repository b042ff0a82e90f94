"""Events in any order, as often as they like, beside polls: the lead is as polls say."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from assignments.models import Lead, Message, WebhookEvent
from assignments.services.mirror.import_leads import save_row
from assignments.services.webhooks.receive import receive
from assignments.smartlead.records import HistoryEntry, LeadRow
from tests.factories import MONDAY, make_campaign, make_category, make_lead
from tests.mirror_harness import make_row
from tests.webhook_events import SECRET, category_event, encoded_body, reply_event

LEAD, TWIN, CAMPAIGN = 501, 502, 5
# What happened in Smartlead, a minute apart: replies, and a category each time.
STORY = [MONDAY + timedelta(minutes=number) for number in range(4)]
END = STORY[-1] + timedelta(minutes=1)

# An event of the story (reply or category), or a read of the lead as of a moment of it.
STEPS = st.lists(
    st.tuples(st.sampled_from(["reply", "category", "poll"]), st.integers(0, 3)),
    max_size=10,
)


def as_of(number: int, map_id: int) -> LeadRow:
    """The row that Smartlead shows after so much of the story."""
    mails = tuple(mail(each) for each in range(number + 1))
    return make_row(
        map_id,
        lead_id=map_id,
        email="lena@example.com",
        category_id=number + 1,
        campaign_id=CAMPAIGN,
        last_reply_at=STORY[number],
        last_sent_at=MONDAY - timedelta(days=1),
        history=mails,
    )


def mail(number: int) -> HistoryEntry:
    return HistoryEntry.from_payload({
        "type": "REPLY", "message_id": f"<{number}@x>", "email_body": f"Mail {number}",
        "time": STORY[number].isoformat(),
    })  # fmt: skip


def poll(number: int, *, map_id: int = LEAD) -> None:
    """Polls are asked one after the other, and tell of what was then."""
    asked_at = STORY[number] + timedelta(seconds=30)
    save_row(as_of(number, map_id), asked_at=asked_at, at=asked_at, by="list")


def tell(payload: dict[str, Any], at: Any) -> None:
    receive(body=encoded_body(payload), signature=None, at=at)


def take(step: str, number: int) -> None:
    lead, at = Lead.objects.get(pk=LEAD), STORY[number]
    if step == "poll":
        poll(number)
    elif step == "reply":
        part = {
            "message_id": f"<{number}@x>",
            "html": f"Mail {number}",
            "time": str(at),
        }
        tell(reply_event(lead, at=at, reply_message=part), END)
    else:
        tell(category_event(lead, number + 1, at=at), END)


SEEN = (
    "last_reply_at", "last_sent_at", "category_id", "last_message", "is_unread",
    "answer_owed", "answer_due_at", "owner_id", "campaign_id", "search_text", "gone_at",
)  # fmt: skip


def looks(map_id: int) -> dict[str, Any]:
    return Lead.objects.values(*SEEN).get(pk=map_id)


class TestAnyOrder(TestCase):
    @pytest.fixture(autouse=True)
    def _secret(self, settings) -> None:
        settings.SMARTLEAD_WEBHOOK_SECRET = SECRET

    def begin(self) -> None:
        campaign = make_campaign(id=CAMPAIGN)
        for number in range(4):
            make_category(f"Category {number + 1}", id=number + 1)
        for map_id in (LEAD, TWIN):
            before = MONDAY - timedelta(days=1)
            make_lead(map_id=map_id, campaign=campaign, seen_at=before)

    @settings(max_examples=25)
    @example(before=[], after=[("category", 0)])
    @given(before=STEPS, after=STEPS)
    def test_the_lead_ends_as_the_last_poll_alone_would_have_it(self, before, after):
        self.begin()
        poll(3, map_id=TWIN)

        for step, number in before:
            take(step, number)
        poll(3)
        for step, number in after:
            take(step, number)

        assert looks(LEAD) == looks(TWIN)
        told = {number for step, number in before + after if step == "reply"}
        assert Message.objects.count() == len(told)
        assert not WebhookEvent.objects.filter(state="failed").exists()

    @settings(max_examples=25)
    @given(st.permutations(range(4)), st.permutations(range(4)))
    def test_without_any_poll_the_newest_of_each_wins(self, replies, categories):
        self.begin()

        for reply, category in zip(replies, categories, strict=True):
            take("reply", reply)
            take("category", category)

        lead = Lead.objects.get(pk=LEAD)
        assert (lead.last_reply_at, lead.last_message) == (STORY[3], "Mail 3")
        assert lead.category_id == 4
