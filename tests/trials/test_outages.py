"""Smartlead cannot be reached or refuses: nothing is lost, and every page says so."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from assignments.models import Account, Assignment, Lead
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.server import serve_in_thread
from assignments.sandbox.wsgi import application
from assignments.services import account as accounts
from assignments.smartlead import client as smartlead
from tests.dispatch_harness import state_of
from tests.factories import make_manager
from tests.trials import bad_addresses
from tests.trials.bad_addresses import Address
from tests.trials.full_stack import FullStack, open_full_stack

pytestmark = pytest.mark.django_db

WAITS = "1 change waits here."
ADDRESS = "SMARTLEAD_BASE_URL"
KEY = "Check SMARTLEAD_API_KEY"
GARBAGE = b"SSH-2.0-somebody\r\n"


@dataclass(frozen=True)
class BadAddress:
    """Something wrong where Smartlead should be, and what the page advises."""

    name: str
    address: Callable[[], Address]
    advice: str


BAD_ADDRESSES = [
    BadAddress("nothing listens", bad_addresses.unused_port, ADDRESS),
    BadAddress("a name nobody has", bad_addresses.unknown_host, ADDRESS),
    BadAddress("no scheme", bad_addresses.url_without_scheme, ADDRESS),
    BadAddress(
        "a website", bad_addresses.html_answer("200 OK", "<h1>Hello</h1>"), ADDRESS
    ),
    BadAddress("its 404", bad_addresses.html_answer("404 No", "<h1>No</h1>"), ADDRESS),
    BadAddress(
        "Express",
        bad_addresses.html_answer("404 No", "<pre>Cannot POST /v9</pre>"),
        ADDRESS,
    ),
    BadAddress(
        "a gateway",
        bad_addresses.json_answer("404 No", '{"message": "Not Found"}'),
        ADDRESS,
    ),
    BadAddress(
        "a redirect",
        bad_addresses.html_answer("301 No\r\nLocation: https://x.test", ""),
        ADDRESS,
    ),
    BadAddress("405", bad_addresses.html_answer("405 No", "<h1>No</h1>"), ADDRESS),
    BadAddress(
        "no TLS",
        bad_addresses.raw_answer(GARBAGE, scheme="https"),
        "no secure connection",
    ),
    BadAddress("no HTTP", bad_addresses.raw_answer(GARBAGE), "broke off"),
    BadAddress(
        "a wrong key",
        bad_addresses.json_answer("401 No", '{"message": "Invalid API Key"}'),
        KEY,
    ),
    BadAddress(
        "no plan",
        bad_addresses.json_answer("401 No", '{"message": "Plan expired!"}'),
        "Renew it",
    ),
    BadAddress(
        "403", bad_addresses.json_answer("403 No", '{"message": "Forbidden"}'), KEY
    ),
    BadAddress(
        "a firewall",
        bad_addresses.html_answer("403 No", "<h1>No</h1>"),
        "Ask whoever runs it",
    ),
    BadAddress("408", bad_addresses.html_answer("408 No", ""), "gave up waiting"),
    BadAddress(
        "502", bad_addresses.html_answer("502 No", "<h1>No</h1>"), "out of order (502)"
    ),
]


@pytest.fixture
def stack(client, settings) -> Iterator[FullStack]:
    address = settings.SMARTLEAD_BASE_URL
    world = FakeSmartlead(leads=6, limits=[(100_000, 60)])
    client.force_login(make_manager())
    with open_full_stack(world, client) as stack:
        yield stack
    world.close()
    settings.SMARTLEAD_BASE_URL = address


def run(*words: str) -> str:
    """Return what a command prints on both streams, and its error if it ends with one."""
    out = io.StringIO()
    try:
        call_command(*words, stdout=out, stderr=out)
    except CommandError as error:
        return f"{out.getvalue()} Exit {error.returncode}: {error}"
    return out.getvalue()


def refuse_writes(
    stack: FullStack, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answer every write of an owner with an error, and reads as ever."""
    app = application(stack.world)

    def turning_away(environ, start_response):
        if not environ["PATH_INFO"].endswith("update-team-member"):
            return app(environ, start_response)
        start_response(status, [("content-type", "application/json")])
        return [b'{"message": "Forbidden"}']

    transport = httpx.WSGITransport(app=turning_away)
    monkeypatch.setattr(smartlead, "default_transport", lambda: transport)


class TestClicks:
    @pytest.mark.parametrize("bad", BAD_ADDRESSES, ids=lambda bad: bad.name)
    def test_a_click_is_kept_said_and_goes_out_when_it_clears(
        self, bad, stack, settings
    ):
        lead = stack.lead()
        with bad.address() as settings.SMARTLEAD_BASE_URL:
            row = stack.click(lead)
            stack.dispatch()
            inbox, system = stack.see("/inbox/"), stack.see("/system/")
        assert state_of(row) == "waiting"
        assert lead.name in inbox
        assert WAITS in inbox
        assert bad.advice in inbox
        assert bad.advice in system

        settings.SMARTLEAD_BASE_URL = stack.server.base_url
        stack.dispatch(after=61)

        assert state_of(row) == "done"
        assert stack.world.owners()[lead.pk] == stack.ben.pk
        assert "banner" not in stack.see("/banner/")

    @pytest.mark.parametrize(
        "bad",
        [BAD_ADDRESSES[number] for number in (0, 3, 4, 9, 10, 16)],
        ids=lambda bad: bad.name,
    )
    def test_a_write_that_meets_it_first_is_not_refused_either(
        self, bad, stack, settings
    ):
        lead = stack.lead(is_fresh=True)
        with bad.address() as settings.SMARTLEAD_BASE_URL:
            row = stack.click(lead)
            stack.dispatch()
            assert bad.advice in stack.see("/inbox/")
        assert state_of(row) in {"waiting", "sending"}

        settings.SMARTLEAD_BASE_URL = stack.server.base_url
        for _ in range(3):
            stack.dispatch(after=61)

        assert state_of(row) == "done"
        assert stack.world.owners()[lead.pk] == stack.ben.pk

    def test_the_same_sandbox_stopped_and_started_again(self, stack, settings):
        lead = stack.lead()
        with serve_in_thread(stack.world) as server:
            settings.SMARTLEAD_BASE_URL, port = server.base_url, server.server_port
            run("sync")
        row = stack.click(lead)
        stack.dispatch()
        assert state_of(row) == "waiting"
        assert WAITS in stack.see("/inbox/")

        with serve_in_thread(stack.world, port=port):
            stack.dispatch(after=61)

        assert state_of(row) == "done"
        assert "banner" not in stack.see("/banner/")

    @pytest.mark.parametrize("status", ["401 No", "403 No", "405 No", "503 No"])
    def test_writes_turned_away_while_reads_pass_are_said(
        self, status, stack, monkeypatch
    ):
        refuse_writes(stack, status, monkeypatch)
        row = stack.click(stack.lead())

        for _ in range(20):
            stack.dispatch(after=61)

        row.refresh_from_db()
        assert row.is_pending
        assert "1 change does not go out" in stack.see("/inbox/")
        assert row.outcome in stack.see("/inbox/")
        assert row.outcome in stack.see(f"/leads/{row.lead_id}/")


class TestReading:
    def test_an_inbox_that_cannot_be_read_is_said_though_nobody_clicks(
        self, stack, settings
    ):
        with bad_addresses.unused_port() as settings.SMARTLEAD_BASE_URL:
            run("sync")
        assert "The inbox cannot be read." in stack.see("/inbox/")

        settings.SMARTLEAD_BASE_URL = stack.server.base_url
        run("sync")

        assert "banner" not in stack.see("/banner/")

    def test_a_single_fault_between_two_passes_is_not(self, stack):
        run("sync")
        stack.world.faults.next("unavailable", call="list")
        run("sync")

        assert "banner" not in stack.see("/banner/")


class TestAnotherAccount:
    @pytest.fixture
    def row(self, stack) -> Assignment:
        row = stack.click(stack.lead())
        accounts.bind(timezone.now())
        return row

    @pytest.mark.parametrize(
        "change",
        [
            ("SMARTLEAD_API_KEY", "another-key", "The API key in the settings is not"),
            ("SMARTLEAD_BASE_URL", "http://127.0.0.1:1", "This database belongs to"),
            ("SECRET_KEY", 50 * "yz", "SECRET_KEY has changed"),
        ],
    )
    def test_nothing_is_read_or_written_and_pages_say_what_to_do(
        self, change, stack, row, settings
    ):
        setting, value, sentence = change
        was = getattr(settings, setting)
        setattr(settings, setting, value)
        if setting == "SECRET_KEY":
            stack.browser.force_login(make_manager())

        stack.dispatch()
        output = [
            stack.see("/inbox/"),
            stack.see("/system/"),
            run("sync"),
            run("dispatch"),
        ]

        assert state_of(row) == "waiting"
        assert stack.world.call_log.calls() == []
        assert all(sentence in text for text in output)
        assert all("doctor --rebind" in text for text in output)
        assert all("Exit 1" in text for text in output[2:])
        setattr(settings, setting, was)
        stack.dispatch(after=11)
        assert state_of(row) == "done"

    def test_a_rebound_database_waits_for_a_person(self, stack, row, settings):
        with serve_in_thread(stack.world) as other:
            settings.SMARTLEAD_BASE_URL = other.base_url
            run("doctor", "--rebind")
            stack.dispatch()
            assert state_of(row) == "waiting"
            assert "All writes to Smartlead are paused" in stack.see("/inbox/")

            stack.browser.post("/system/resume/")
            stack.dispatch()

        assert state_of(row) == "done"


class TestCommands:
    @pytest.mark.parametrize("bad", BAD_ADDRESSES, ids=lambda bad: bad.name)
    def test_each_says_what_to_do_and_ends_with_an_error(self, bad, stack, settings):
        stack.click(stack.lead())
        with bad.address() as settings.SMARTLEAD_BASE_URL:
            output = [run("sync"), run("dispatch"), run("doctor", "--online")]

        assert all(bad.advice in text for text in output), output
        assert all("Exit 1" in text for text in output), output
        assert not any("Traceback" in text for text in output)
        assert Lead.objects.count() == 1

    def test_a_wrong_address_is_not_bound(self, stack, settings):
        with bad_addresses.html_answer(
            "200 OK", "<h1>Hello</h1>"
        )() as settings.SMARTLEAD_BASE_URL:
            run("sync", "--full")
            run("doctor", "--online")

        assert Account.objects.get().fingerprint == ""
