"""Where a list should be, there is nothing: an end, or a fault."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from assignments.smartlead.errors import ServiceTrouble
from tests.assignments.smartlead.mock_client import result_of

MOMENT = datetime(2026, 5, 4, tzinfo=UTC)
NOTHING = [
    {"ok": True, "data": None, "offset": 40, "limit": 20},
    {"ok": True, "offset": 40, "limit": 20},
    {"ok": True, "data": {}},
    {"ok": True, "data": False},
    {"ok": True, "data": ""},
    {"success": True, "data": {"leads": None}},
    {"messages": None},
    None,
]


def said_as_json(said) -> httpx.Response:
    return httpx.Response(200, text=json.dumps(said))  # `json=None` would be no body


class TestNothingWhereAListShouldBe:
    @pytest.mark.parametrize("said", NOTHING, ids=str)
    @pytest.mark.parametrize(
        "page",
        [
            lambda c: c.inbox("inbox-replies", offset=40),
            lambda c: c.inbox("assigned-me", offset=40, member_id=7),
            lambda c: c.inbox("inbox-replies", reply_between=(MOMENT, MOMENT)),
            lambda c: c.campaign_leads(5, offset=100),
        ],
    )
    def test_ends_a_list_that_has_begun(self, page, said):
        found = result_of(said_as_json(said), page)

        assert (found.rows, found.returned, found.is_last) == ((), 0, True)

    @pytest.mark.parametrize("said", NOTHING, ids=str)
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
    def test_is_no_answer_on_a_first_page(self, page, said):
        with pytest.raises(ServiceTrouble):
            result_of(said_as_json(said), page)

    @pytest.mark.parametrize("said", NOTHING, ids=str)
    def test_a_lead_without_notes_or_mails_has_none(self, said):
        response = said_as_json(said)

        assert result_of(response, lambda c: c.notes(5)) == []
        assert result_of(response, lambda c: c.history(campaign_id=5, lead_id=7)) == []

    @pytest.mark.parametrize(
        "said",
        [{}, {"error": "away"}, {"ok": False, "data": None}, "", 5, False],
        ids=str,
    )
    def test_a_fault_ends_no_list(self, said):
        with pytest.raises(ServiceTrouble):
            result_of(said_as_json(said), lambda c: c.inbox("views", offset=40))
