"""Whatever is wrong between us and Smartlead: nothing is lost, and every page says it."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from assignments.models import Account, Assignment, Lead
from assignments.sandbox.server import serving
from assignments.sandbox.world import World
from assignments.sandbox.wsgi import application
from assignments.services import account as accounts
from assignments.smartlead import client as smartlead
from tests.dispatch_harness import state_of
from tests.factories import make_manager
from tests.trials import bad_addresses
from tests.trials.bad_addresses import Address, Hall

pytestmark = pytest.mark.django_db

WAITS = "1 change waits here."
ADDRESS = "SMARTLEAD_BASE_URL"
KEY = "Check SMARTLEAD_API_KEY"
GARBAGE = b"SSH-2.0-somebody\r\n"


@dataclass(frozen=True)
class Sky:
    """What stands where Smartlead should be, and what the page says to do about it."""

    name: str
    address: Callable[[], Address]
    advice: str


SKIES = [
    Sky("nothing listens", bad_addresses.nothing, ADDRESS),
    Sky("a name nobody has", bad_addresses.no_such_name, ADDRESS),
    Sky("no scheme", bad_addresses.bad_url, ADDRESS),
    Sky("a website", bad_addresses.page("200 OK", "<h1>Hello</h1>"), ADDRESS),
    Sky("its 404", bad_addresses.page("404 No", "<h1>No</h1>"), ADDRESS),
    Sky(
        "Express",
        bad_addresses.page("404 No", "<pre>Cannot POST /v9</pre>"),
        ADDRESS,
    ),
    Sky(
        "a gateway",
        bad_addresses.json("404 No", '{"message": "Not Found"}'),
        ADDRESS,
    ),
    Sky(
        "a redirect",
        bad_addresses.page("301 No\r\nLocation: https://x.test", ""),
        ADDRESS,
    ),
    Sky("405", bad_addresses.page("405 No", "<h1>No</h1>"), ADDRESS),
    Sky(
        "no TLS",
        bad_addresses.saying(GARBAGE, scheme="https"),
        "no secure connection",
    ),
    Sky("no HTTP", bad_addresses.saying(GARBAGE), "broke off"),
    Sky(
        "a wrong key",
        bad_addresses.json("401 No", '{"message": "Invalid API Key"}'),
        KEY,
    ),
    Sky(
        "no plan",
        bad_addresses.json("401 No", '{"message": "Plan expired!"}'),
        "Renew it",
    ),
    Sky("403", bad_addresses.json("403 No", '{"message": "Forbidden"}'), KEY),
    Sky(
        "a firewall",
        bad_addresses.page("403 No", "<h1>No</h1>"),
        "Ask whoever runs it",
    ),
    Sky("408", bad_addresses.page("408 No", ""), "gave up waiting"),
    Sky("502", bad_addresses.page("502 No", "<h1>No</h1>"), "out of order (502)"),
]


@pytest.fixture
def hall(client, settings) -> Iterator[Hall]:
    address = settings.SMARTLEAD_BASE_URL
    world = World(leads=6, limits=[(100_000, 60)])
    client.force_login(make_manager())
    with bad_addresses.open_hall(world, client) as hall:
        yield hall
    world.close()
    settings.SMARTLEAD_BASE_URL = address


def run(*words: str) -> str:
    """What a command says on both streams, and its error if it ends with one."""
    out = io.StringIO()
    try:
        call_command(*words, stdout=out, stderr=out)
    except CommandError as error:
        return f"{out.getvalue()} Exit {error.returncode}: {error}"
    return out.getvalue()


def write_answer(hall: Hall, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads go on as ever; every write of an owner is turned away."""
    app = application(hall.world)

    def turning_away(environ, start_response):
        if not environ["PATH_INFO"].endswith("update-team-member"):
            return app(environ, start_response)
        start_response(status, [("content-type", "application/json")])
        return [b'{"message": "Forbidden"}']

    transport = httpx.WSGITransport(app=turning_away)
    monkeypatch.setattr(smartlead, "default_transport", lambda: transport)


class TestClicks:
    @pytest.mark.parametrize("sky", SKIES, ids=lambda sky: sky.name)
    def test_a_click_is_kept_said_and_goes_out_when_it_clears(
        self, sky, hall, settings
    ):
        lead = hall.lead()
        with sky.address() as settings.SMARTLEAD_BASE_URL:
            row = hall.click(lead)
            hall.dispatch()
            inbox, system = hall.see("/inbox/"), hall.see("/system/")
        assert state_of(row) == "waiting"
        assert lead.name in inbox
        assert WAITS in inbox
        assert sky.advice in inbox
        assert sky.advice in system

        settings.SMARTLEAD_BASE_URL = hall.server.base_url
        hall.dispatch(after=61)

        assert state_of(row) == "done"
        assert hall.world.owners()[lead.pk] == hall.ben.pk
        assert "banner" not in hall.see("/banner/")

    @pytest.mark.parametrize(
        "sky", [SKIES[0], SKIES[3], SKIES[4], SKIES[9], SKIES[10], SKIES[16]],
        ids=lambda sky: sky.name,
    )  # fmt: skip
    def test_a_write_that_meets_it_first_is_not_refused_either(
        self, sky, hall, settings
    ):
        lead = hall.lead(is_fresh=True)
        with sky.address() as settings.SMARTLEAD_BASE_URL:
            row = hall.click(lead)
            hall.dispatch()
            assert sky.advice in hall.see("/inbox/")
        assert state_of(row) in {"waiting", "sending"}

        settings.SMARTLEAD_BASE_URL = hall.server.base_url
        for _ in range(3):
            hall.dispatch(after=61)

        assert state_of(row) == "done"
        assert hall.world.owners()[lead.pk] == hall.ben.pk

    def test_the_same_sandbox_stopped_and_started_again(self, hall, settings):
        lead = hall.lead()
        with serving(hall.world) as server:
            settings.SMARTLEAD_BASE_URL, port = server.base_url, server.server_port
            run("sync")
        row = hall.click(lead)
        hall.dispatch()
        assert state_of(row) == "waiting"
        assert WAITS in hall.see("/inbox/")

        with serving(hall.world, port=port):
            hall.dispatch(after=61)

        assert state_of(row) == "done"
        assert "banner" not in hall.see("/banner/")

    @pytest.mark.parametrize("status", ["401 No", "403 No", "405 No", "503 No"])
    def test_writes_turned_away_while_reads_pass_are_said(
        self, status, hall, monkeypatch
    ):
        write_answer(hall, status, monkeypatch)
        row = hall.click(hall.lead())

        for _ in range(20):
            hall.dispatch(after=61)

        row.refresh_from_db()
        assert row.is_pending
        assert "1 change does not go out" in hall.see("/inbox/")
        assert row.outcome in hall.see("/inbox/")
        assert row.outcome in hall.see(f"/leads/{row.lead_id}/")


class TestReading:
    def test_an_inbox_that_cannot_be_read_is_said_though_nobody_clicks(
        self, hall, settings
    ):
        with bad_addresses.nothing() as settings.SMARTLEAD_BASE_URL:
            run("sync")
        assert "The inbox cannot be read." in hall.see("/inbox/")

        settings.SMARTLEAD_BASE_URL = hall.server.base_url
        run("sync")

        assert "banner" not in hall.see("/banner/")

    def test_a_single_fault_between_two_passes_is_not(self, hall):
        run("sync")
        hall.world.faults.next("unavailable", call="list")
        run("sync")

        assert "banner" not in hall.see("/banner/")


class TestAnotherAccount:
    @pytest.fixture
    def row(self, hall) -> Assignment:
        row = hall.click(hall.lead())
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
        self, change, hall, row, settings
    ):
        setting, value, sentence = change
        was = getattr(settings, setting)
        setattr(settings, setting, value)
        if setting == "SECRET_KEY":
            hall.browser.force_login(make_manager())

        hall.dispatch()
        said = [hall.see("/inbox/"), hall.see("/system/"), run("sync"), run("dispatch")]

        assert state_of(row) == "waiting"
        assert hall.world.journal.calls() == []
        assert all(sentence in text for text in said)
        assert all("doctor --rebind" in text for text in said)
        assert all("Exit 1" in text for text in said[2:])
        setattr(settings, setting, was)
        hall.dispatch(after=11)
        assert state_of(row) == "done"

    def test_a_rebound_database_waits_for_a_person(self, hall, row, settings):
        with serving(hall.world) as other:
            settings.SMARTLEAD_BASE_URL = other.base_url
            run("doctor", "--rebind")
            hall.dispatch()
            assert state_of(row) == "waiting"
            assert "All writes to Smartlead are paused" in hall.see("/inbox/")

            hall.browser.post("/system/resume/")
            hall.dispatch()

        assert state_of(row) == "done"


class TestCommands:
    @pytest.mark.parametrize("sky", SKIES, ids=lambda sky: sky.name)
    def test_each_says_what_to_do_and_ends_with_an_error(self, sky, hall, settings):
        hall.click(hall.lead())
        with sky.address() as settings.SMARTLEAD_BASE_URL:
            said = [run("sync"), run("dispatch"), run("doctor", "--online")]

        assert all(sky.advice in text for text in said), said
        assert all("Exit 1" in text for text in said), said
        assert not any("Traceback" in text for text in said)
        assert Lead.objects.count() == 1

    def test_a_wrong_address_is_not_bound(self, hall, settings):
        with bad_addresses.page(
            "200 OK", "<h1>Hello</h1>"
        )() as settings.SMARTLEAD_BASE_URL:
            run("sync", "--full")
            run("doctor", "--online")

        assert Account.objects.get().fingerprint == ""
