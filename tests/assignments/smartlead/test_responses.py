"""Every error body that somebody has seen or documented, and whose fault it is."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from assignments.smartlead.errors import AmbiguousWrite, Refused, ServiceTrouble
from tests.assignments.smartlead.mock_client import result_of

HTML = "<!DOCTYPE html><html><body><h1>Oops</h1></body></html>"
JOI = {
    "statusCode": 400,
    "error": "Bad Request",
    "message": '"team_member_id" must be a number',
    "validation": {"source": "body", "keys": ["team_member_id"]},
}


def write(client):
    client.set_owner(map_id=1, member_id=2)


def read(client):
    return client.categories()


def json(status: int, payload: object, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=payload, headers=headers)


def page(status: int, text: str = HTML) -> httpx.Response:
    return httpx.Response(status, html=text)


BOTH = pytest.mark.parametrize("call", [read, write])


@BOTH
@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (json(400, JOI), '"team_member_id" must be a number'),
        (
            json(400, {"statusCode": 400, "error": "Bad Request", "message": "No."}),
            "No.",
        ),
        (json(400, {"ok": False, "message": "Already on its last step"}), None),
        (json(400, {"error": "No permission on this account"}), None),
        (json(400, {"error": "Invalid date", "status": "error"}), "Invalid date"),
        (json(404, {"error": "Team member not found with ID 456"}), None),
        (json(404, {"error": "Campaign not found - Invalid campaign_id."}), None),
        (json(404, {"error": "Lead mapping not found"}), None),
        (
            json(404, {"ok": False, "error": "No reply found for the message_id"}),
            None,
        ),
        (
            json(422, {"error": "limit must be between 1 and 20", "field": "limit"}),
            "limit must be between 1 and 20",
        ),
        (
            json(
                422, {"error": {"code": "X", "message": "Bad\n field", "details": {}}}
            ),
            "Bad field",
        ),
        (json(400, {"err": "Old style"}), "Old style"),
    ],
)
def test_a_no_about_the_row_is_refused_in_smartleads_own_words(call, answer, sentence):
    body = answer.json()

    with pytest.raises(Refused) as caught:
        result_of(answer, call)

    assert str(caught.value) == (sentence or body.get("error") or body["message"])
    assert caught.value.status == answer.status_code


@BOTH
@pytest.mark.parametrize(
    ("answer", "kind", "surely_not_applied"),
    [
        (json(401, {"message": "API key is required."}), "key", True),
        (json(401, {"message": "Invalid API Key"}), "key", True),
        (
            json(401, {"success": False, "error": {"code": "U", "message": "No"}}),
            "key",
            True,
        ),
        (json(401, {"message": "Plan expired!"}), "plan", True),
        (json(403, {"error": "Forbidden"}), "key", True),
        (page(403), "unavailable", True),
        (
            json(400, JOI | {"validation": {"source": "query", "keys": ["api_key"]}}),
            "key",
            True,
        ),
        (page(404, "<pre>Cannot POST /api/v1/x</pre>"), "address", True),
        (httpx.Response(404, text="Cannot GET /api/v1/x"), "address", True),
        (
            json(404, {"message": "Cannot POST /v2/x", "error": "Not Found"}),
            "address",
            True,
        ),
        (page(404), "address", False),
        (json(404, {"error": "Not Found"}), "address", False),
        (
            json(404, {"message": "no Route matched with those values"}),
            "address",
            False,
        ),
        (json(405, {"error": "Method Not Allowed"}), "address", True),
        (httpx.Response(302, headers={"location": "/login"}), "address", False),
        (page(408), "timeout", False),
        (json(402, {"error": "Upgrade"}), "plan", False),
        (json(406, {"error": "Rate limit exceeded."}), "garbled", False),
        (json(429, {"message": "Too many requests."}), "rate_limit", True),
        (page(429), "rate_limit", True),
        (json(400, {}), "garbled", False),
        (json(404, []), "garbled", False),
        (page(400), "garbled", False),
        (
            json(500, {"ok": False, "error": "Email account not found!"}),
            "unavailable",
            False,
        ),
        (json(500, {"error": "Internal server error occurred"}), "unavailable", False),
        (page(502), "unavailable", False),
        (httpx.Response(503), "unavailable", False),
        (httpx.Response(504, text="upstream timed out"), "unavailable", False),
    ],
)
def test_a_no_about_us_makes_the_row_wait(call, answer, kind, surely_not_applied):
    with pytest.raises(ServiceTrouble) as caught:
        result_of(answer, call)

    assert caught.value.kind == kind
    assert caught.value.surely_not_applied is surely_not_applied
    assert str(caught.value).endswith(".")
    assert "http" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (json(429, {}, **{"retry-after": "12"}), 12.0),
        (json(429, {"error": {"code": "RATE", "retry_after": 30}}), 30.0),
        (json(429, {"retry_after": "7"}), 7.0),
        (json(429, {}), None),
        (json(429, {}, **{"retry-after": "soon"}), None),
        (json(429, {"retry_after": True}), None),
    ],
)
def test_a_429_says_when_to_come_back(answer, seconds):
    with pytest.raises(ServiceTrouble) as caught:
        result_of(answer, read)

    assert caught.value.retry_after == seconds


def test_a_429_may_name_a_date():
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    with pytest.raises(ServiceTrouble) as caught:
        result_of(json(429, {}, **{"retry-after": when}), read)

    assert caught.value.retry_after == pytest.approx(60, abs=3)


@pytest.mark.parametrize(
    "payload",
    [
        {"ok": True, "message": "Lead team member updated successfully"},
        {"success": True, "data": {"email_lead_map_id": 1, "team_member_id": 2}},
        {"ok": "true"},
        {"message": "Updated"},
    ],
)
def test_a_write_is_done_when_smartlead_does_not_say_no(payload):
    assert result_of(json(200, payload), write) is None


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200),
        httpx.Response(204),
        httpx.Response(200, text="success"),
        page(200),
        json(200, {}),
        json(200, []),
        json(200, None),
        json(200, "success"),
        json(200, {"ok": False, "message": "No"}),
        json(200, {"ok": "false"}),
        json(200, {"success": False}),
        json(200, {"ok": True, "data": {"success": False}}),
        json(200, {"error": "Lead mapping not found"}),
        httpx.Response(201, text='{"ok": tru'),
    ],
)
def test_a_write_answered_without_a_yes_is_unclear(answer):
    with pytest.raises(AmbiguousWrite):
        result_of(answer, write)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200),
        httpx.Response(200, text="success"),
        page(200),
        json(200, {}),
        json(200, {"ok": False, "message": "No"}),
        json(200, {"success": False}),
        json(200, {"ok": True, "data": {"rows": 3}}),
        httpx.Response(200, text="[" * 100_000),
    ],
)
def test_a_list_without_a_list_is_garbled(answer):
    with pytest.raises(ServiceTrouble) as caught:
        result_of(answer, read)

    assert caught.value.kind == "garbled"
