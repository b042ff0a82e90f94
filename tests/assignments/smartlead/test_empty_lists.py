"""An empty answer in place of a list: the end of the list, or an error."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from assignments.smartlead.errors import ServiceTrouble
from tests.assignments.smartlead.mock_client import result_of

MOMENT = datetime(2026, 5, 4, tzinfo=UTC)
EMPTY_ANSWERS = [
    {"ok": True, "data": None, "offset": 40, "limit": 20},
    {"ok": True, "offset": 40, "limit": 20},
    {"ok": True, "data": {}},
    {"ok": True, "data": False},
    {"ok": True, "data": ""},
    {"success": True, "data": {"leads": None}},
    {"messages": None},
    None,
]


def json_response(payload) -> httpx.Response:
    return httpx.Response(200, text=json.dumps(payload))  # `json=None` would be no body


class TestEmptyAnswers:
    @pytest.mark.parametrize("payload", EMPTY_ANSWERS, ids=str)
    @pytest.mark.parametrize(
        "page",
        [
            lambda c: c.inbox("inbox-replies", offset=40),
            lambda c: c.inbox("assigned-me", offset=40, member_id=7),
            lambda c: c.inbox("inbox-replies", reply_between=(MOMENT, MOMENT)),
            lambda c: c.campaign_leads(5, offset=100),
        ],
    )
    def test_ends_a_list_that_has_begun(self, page, payload):
        page_read = result_of(json_response(payload), page)

        assert (page_read.rows, page_read.returned, page_read.is_last) == ((), 0, True)

    @pytest.mark.parametrize("payload", EMPTY_ANSWERS, ids=str)
    @pytest.mark.parametrize(
        "page",
        [
            lambda c: c.inbox("inbox-replies"),
            lambda c: c.inbox("assigned-me", member_id=7),
            lambda c: c.campaign_leads(5),
            lambda c: c.categories(),
            lambda c: c.campaigns(),
            lambda c: c.members(),
        ],
    )
    def test_is_no_answer_on_a_first_page(self, page, payload):
        with pytest.raises(ServiceTrouble):
            result_of(json_response(payload), page)

    @pytest.mark.parametrize("payload", EMPTY_ANSWERS, ids=str)
    def test_a_lead_without_notes_or_mails_has_none(self, payload):
        response = json_response(payload)

        assert result_of(response, lambda c: c.notes(5)) == []
        assert result_of(response, lambda c: c.history(campaign_id=5, lead_id=7)) == []

    @pytest.mark.parametrize(
        "payload",
        [{}, {"error": "away"}, {"ok": False, "data": None}, "", 5, False],
        ids=str,
    )
    def test_a_fault_ends_no_list(self, payload):
        with pytest.raises(ServiceTrouble):
            result_of(json_response(payload), lambda c: c.inbox("views", offset=40))
