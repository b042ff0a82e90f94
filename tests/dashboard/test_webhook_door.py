"""The address where Smartlead's webhooks arrive, and everything else that may."""

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from assignments.models import Lead, Message, WebhookEvent, WebhookRefusal
from tests.factories import make_campaign, make_lead
from tests.hooks import SECRET, address, reply_to, send, signed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _secret(settings) -> None:
    settings.SMARTLEAD_WEBHOOK_SECRET = SECRET


@pytest.fixture
def lead() -> Lead:
    return make_lead(campaign=make_campaign())


class TestWhatIsTaken:
    def test_a_reply_stands_on_the_lead_at_once(self, client, lead):
        at = timezone.now()

        response = send(client, reply_to(lead, at=at))

        lead.refresh_from_db()
        assert response.status_code == 200
        assert lead.last_reply_at == at.replace(microsecond=0)
        assert (lead.is_unread, lead.answer_owed) == (True, True)
        assert lead.last_message == "Yes, call me on Thursday."
        assert Message.objects.get().direction == "reply"
