"""The key leaks nowhere: not into logs, errors, `repr`s, tracebacks or records."""

import io
import logging
import secrets
import traceback
from urllib.parse import quote

import httpx
import pytest

from assignments.smartlead import client as smartlead
from assignments.smartlead.api_key import ApiKey
from assignments.smartlead.client import connect
from assignments.smartlead.errors import ServiceTrouble, SmartleadError
from assignments.smartlead.fingerprint import account_fingerprint
from tests.assignments.smartlead.mock_client import (
    RecordingBudget,
    call_with_slot,
    client_answered_with,
)
from tests.assignments.smartlead.scripted_server import http_answer, scripted_server


@pytest.fixture
def key(settings) -> str:
    settings.SMARTLEAD_API_KEY = secrets.token_urlsafe(27) + "+/=&"
    return settings.SMARTLEAD_API_KEY


@pytest.fixture
def logged():
    """Everything that any logger says, at any level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    loggers = [logging.getLogger(name) for name in ("", "httpx", "httpcore")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    loggers[0].addHandler(handler)
    yield stream
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def forms_of(key: str) -> list[str]:
    return [key, quote(key, safe=""), quote(key)]


def everything_about(error: BaseException | None) -> str:
    """The error, what it carries and what it hangs on."""
    found = ""
    while error is not None:
        found += "".join(traceback.format_exception(error)) + repr(error)
        found += repr(vars(error)) + str(vars(error).get("request", ""))
        error = error.__cause__ or error.__context__
    return found


def echo(request: httpx.Request) -> httpx.Response:
    said = f"No such thing: {request.url} with {request.url.params['api_key']}"
    return httpx.Response(400, json={"error": said})


def echo_html(request: httpx.Request) -> httpx.Response:
    return httpx.Response(500, html=f"<p>{request.url}</p>")


def break_off(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError(f"broken: {request.url}", request=request)


def time_out(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout(f"late: {request.url}", request=request)


@pytest.mark.parametrize("server", [echo, echo_html, break_off, time_out])
def test_errors_and_logs_do_not_hold_the_key(server, key, logged):
    with (
        client_answered_with(server) as client,
        pytest.raises(SmartleadError) as caught,
    ):
        call_with_slot(client, lambda c: c.set_owner(map_id=1, member_id=2))

    said = everything_about(caught.value) + logged.getvalue() + repr(vars(client))
    assert not [form for form in forms_of(key) if form in said]


def test_a_real_socket_logs_no_key_but_sends_it(key, logged, settings):
    with scripted_server(
        lambda _, c: c.sendall(http_answer(b"{}", status="500 No"))
    ) as server:
        settings.SMARTLEAD_BASE_URL = server.url
        with (
            connect(budget=RecordingBudget()) as client,
            pytest.raises(ServiceTrouble) as caught,
        ):
            call_with_slot(client, lambda c: c.probe())

    said = everything_about(caught.value) + logged.getvalue()
    assert "send_request_headers" in said
    assert not [form for form in forms_of(key) if form in said]
    assert any(quote(key, safe="").encode() in request for request in server.requests)


def test_rows_that_echo_the_key_are_blotted(key):
    rows = [{"lead_email": key}, {"email_lead_map_id": 1, "lead_first_name": key}]

    with client_answered_with(httpx.Response(200, json=rows)) as client:
        page = call_with_slot(client, lambda c: c.inbox("inbox-replies"))

    assert page.rows[0].first_name == "***"
    assert key not in page.unreadable[0].excerpt


def test_a_transport_of_the_tests_sees_the_key_like_the_server(key, monkeypatch):
    seen = []

    def answer_ok(request):
        seen.append(request.url.params["api_key"])
        return httpx.Response(200, json=[])

    transport = httpx.MockTransport(answer_ok)
    monkeypatch.setattr(smartlead, "default_transport", lambda: transport)
    with connect(budget=RecordingBudget()) as client:
        call_with_slot(client, lambda c: c.probe())

    assert seen == [key]


@pytest.mark.parametrize("bad", ["", "schlüssel-1234", "key\nwith-a-line", "\x00key"])
def test_a_key_that_cannot_be_one_is_named_as_the_trouble(bad, settings):
    settings.SMARTLEAD_API_KEY = bad

    with (
        client_answered_with(httpx.Response(200)) as client,
        pytest.raises(ServiceTrouble) as caught,
    ):
        call_with_slot(client, lambda c: c.set_owner(map_id=1, member_id=2))

    assert caught.value.kind == "key"
    assert caught.value.surely_not_applied
    assert "SMARTLEAD_API_KEY" in str(caught.value)


def test_the_fingerprint_tells_keys_apart_and_nothing_else(settings):
    prints = set()
    for key in ("one-key-of-many", "another-key"):
        settings.SMARTLEAD_API_KEY = key
        prints.add(account_fingerprint())
        assert key not in account_fingerprint()

    assert len(prints) == 2
    assert all(len(fingerprint) == 64 for fingerprint in prints)


def test_a_key_has_no_repr():
    assert "hidden" not in repr(ApiKey("hidden-thing"))


def test_a_short_key_of_a_sandbox_does_not_blot_words_out_of_mails():
    assert ApiKey("demo").redact("a demo") == "a demo"
