"""The commands of whoever sets Handoff up. What they decide is tested with services."""

import io
from contextlib import closing
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper as Connection
from django.utils import timezone

from assignments.management.commands import demo as demo_command
from assignments.management.commands import serve as serve_command
from assignments.models import Account, User
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.server import serve_in_thread
from assignments.services import account as accounts
from assignments.services.operations import doctor, host_parts
from assignments.services.task_leases import record_heartbeat
from tests.factories import make_lead, make_manager
from tests.pretend_migrated import pretend_migrated

pytestmark = pytest.mark.django_db


def run(*words: str, **options: Any) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out, stderr=out, **options)
    return out.getvalue()


class TestSetup:
    def run(self, monkeypatch: pytest.MonkeyPatch, password: str, *words: str) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        return run(
            "setup",
            "--username=mia",
            "--email=m@example.com",
            "--password-stdin",
            *words,
        )

    def test_it_creates_the_first_manager_without_a_terminal(self, monkeypatch):
        said = self.run(monkeypatch, "a long enough sentence")

        assert "mia can sign in" in said
        assert User.objects.get().check_password("a long enough sentence")

    def test_it_refuses_when_there_is_a_manager(self, monkeypatch):
        make_manager()

        with pytest.raises(CommandError, match="a sales manager already"):
            self.run(monkeypatch, "a long enough sentence")

    def test_it_makes_another_when_told_to(self, monkeypatch):
        make_manager()

        self.run(monkeypatch, "a long enough sentence", "--another")

        assert User.objects.count() == 2

    def test_it_asks_nobody_where_nobody_is(self, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO())

        with pytest.raises(CommandError, match="give --username, --email"):
            run("setup")

    def test_it_says_which_setting_is_wrong(self, monkeypatch, settings):
        settings.SECRET_KEY = "short"

        said = self.run(monkeypatch, "a long enough sentence")

        assert "SECRET_KEY is short enough to be guessed." in said

    def test_it_wants_the_database_migrated_first(self, monkeypatch):
        missing = doctor.problem("migrations", "It lacks some.", "Run: migrate")
        monkeypatch.setattr(doctor, "migrations", lambda: missing)

        with pytest.raises(CommandError, match=r"It lacks some\. Run: migrate"):
            self.run(monkeypatch, "a long enough sentence")


class TestDoctor:
    def make_all_well(self) -> None:
        make_manager()
        accounts.bind(timezone.now())
        record_heartbeat("worker", at=timezone.now())

    def test_it_prints_a_line_for_each_check(self):
        self.make_all_well()

        said = run("doctor", no_color=True)

        assert "ok   worker     The worker is alive." in said.splitlines()

    def test_it_fails_when_there_is_a_problem(self):
        with pytest.raises(CommandError, match="1 to see to") as caught:
            run("doctor")

        assert caught.value.returncode == 1

    def test_it_calls_smartlead_only_when_asked(self, world):
        self.make_all_well()

        run("doctor")
        before = len(world.call_log.entries())
        run("doctor", "--online")

        assert before == 0
        assert len(world.call_log.entries()) == 1

    def test_rebind_ties_the_database_anew_and_pauses_all_writes(self, settings):
        self.make_all_well()
        settings.SMARTLEAD_API_KEY = "another"

        run("doctor", "--rebind")

        account = Account.objects.get()
        assert accounts.binding_problem(account) is None
        assert account.paused_at is not None


class TestServe:
    def test_it_waits_for_its_database_and_says_so_now_and_then(self, monkeypatch):
        why = "The database cannot be opened: password authentication failed."
        answers = iter([why, why, why, ""])
        monkeypatch.setattr(doctor, "why_unreachable", lambda: next(answers))
        monkeypatch.setattr(serve_command, "LOOK_EVERY", 0)
        monkeypatch.setattr(Connection, "close", lambda self: None)
        out = io.StringIO()

        serve_command.Command(stdout=out)._wait_for_database()

        lines = out.getvalue().splitlines()
        assert lines == [
            f"{why} Waiting; is DATABASE_URL right?",
            "The database answers now.",
        ]

    def test_it_says_nothing_of_a_database_that_answers(self):
        out = io.StringIO()

        serve_command.Command(stdout=out)._wait_for_database()

        assert out.getvalue() == ""

    def test_it_refuses_a_database_that_a_newer_handoff_has_changed(
        self, monkeypatch, settings
    ):
        later = ("assignments", "9999_later")
        pretend_migrated(monkeypatch, settings, also=(later,))

        with pytest.raises(CommandError, match="newer Handoff has changed"):
            run("serve")

    def test_it_refuses_while_migrations_are_missing(self, monkeypatch):
        missing = doctor.problem("migrations", "It lacks some.", "Run: migrate")
        monkeypatch.setattr(doctor, "migrations", lambda: missing)

        with pytest.raises(CommandError, match=r"It lacks some\. Run: migrate"):
            run("serve")

    def test_it_refuses_a_port_in_use(self, monkeypatch):
        monkeypatch.setattr(
            "assignments.processes.find_free_port", lambda host, port: port + 1
        )

        with pytest.raises(CommandError, match="Something else listens on"):
            run("serve", "--port", "8000")

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite")
    @pytest.mark.parametrize("part", ["--web", "--worker"])
    def test_it_refuses_parts_alone_on_sqlite(self, part):
        with pytest.raises(CommandError, match="apart need PostgreSQL"):
            run("serve", part)


class TestHealth:
    def test_it_says_which_part_of_this_host_does_not_work(self, monkeypatch):
        monkeypatch.setattr("assignments.processes.is_serving", lambda **_: False)

        with pytest.raises(CommandError, match="does not answer on port 8000"):
            run("health")
        with pytest.raises(CommandError, match="no sign of life"):
            run("health", "--worker")

    def test_it_is_content_with_a_worker_that_works(self):
        record_heartbeat("worker", at=timezone.now())
        host_parts.record_beat("worker", at=timezone.now())

        assert "healthy" in run("health", "--worker")


class NoSupervisor:
    """Starts nothing, and looks once."""

    def start(self, part: object) -> None:
        pass

    def watch(self, *, until: Any) -> None:
        until()


class TestDemo:
    @pytest.fixture
    def command(self, tmp_path):
        command = demo_command.Command(stdout=io.StringIO())
        command.folder = tmp_path
        command.log = tmp_path / "demo.log"
        return command

    def test_a_second_one_in_the_same_folder_is_refused(self, command):
        refused = pytest.raises(CommandError, match="already runs")

        with command._alone(), refused, command._alone():
            pass

    @pytest.mark.parametrize("there", ["demo.sqlite3", "sandbox.sqlite3"])
    def test_half_a_demo_is_put_aside(self, command, tmp_path, there: str):
        (tmp_path / there).write_text("half")
        (tmp_path / f"{there}-wal").write_text("log")

        command._start_over_if_halved()

        left = [path.name for path in tmp_path.iterdir()]
        assert left == [there.replace("sqlite3", "old")]

    def test_a_whole_demo_goes_on(self, command, tmp_path):
        for name in ("demo.sqlite3", "sandbox.sqlite3"):
            (tmp_path / name).write_text("half")

        command._start_over_if_halved()

        assert len(list(tmp_path.iterdir())) == 2

    def test_on_the_sandbox_everything_is_at_the_ports_that_were_free(
        self, command, monkeypatch
    ):
        monkeypatch.setattr(
            "assignments.processes.find_free_port", lambda host, port: port + 1
        )
        monkeypatch.setattr(
            "assignments.services.operations.demo.on_demo_database", lambda: True
        )
        command.on_sandbox = True

        command._choose_ports("127.0.0.1", 8000)

        assert command.environment["SITE_URL"] == "http://localhost:8001"
        assert command.environment["SMARTLEAD_BASE_URL"] == (
            "http://127.0.0.1:8766/api/v1"
        )
        assert "Port 8000 is in use, so it is 8001." in command.stdout.getvalue()

    def test_on_smartlead_the_settings_of_the_environment_stay(
        self, command, monkeypatch
    ):
        monkeypatch.setenv("SITE_URL", "https://handoff.example.com")
        command.on_sandbox = False

        command._choose_ports("127.0.0.1", 8000)

        assert command.environment["SITE_URL"] == "https://handoff.example.com"
        assert command.environment["SMARTLEAD_BASE_URL"] == "http://sandbox.test/api/v1"

    def test_the_sandbox_of_another_demo_is_not_taken_for_ours(
        self, command, monkeypatch, settings
    ):
        monkeypatch.setattr(demo_command, "START_TIME", 0)
        settings.SMARTLEAD_API_KEY = "sandbox-of-ours"
        command.environment = {"SITE_URL": "http://localhost:8000"}
        command.on_sandbox = True
        command.log.touch()
        world = FakeSmartlead(leads=2, keys=("sandbox-of-others",))
        with closing(world), serve_in_thread(world) as other:
            command.sandbox_port = command.port = other.server_address[1]

            with pytest.raises(CommandError, match="does not answer"):
                command._start(NoSupervisor())

    def test_a_new_sandbox_is_read_before_the_page_is_shown(self, command, monkeypatch):
        calls: list[dict[str, Any]] = []

        def call(words: list[str], **options: Any) -> int:
            calls.append(options)
            return 0

        monkeypatch.setattr("subprocess.call", call)
        command.environment = {"SMARTLEAD_API_KEY": "sandbox-key"}

        command._sync()
        make_lead()
        command._sync()

        assert len(calls) == 1

    def test_a_reading_that_fails_is_shown_with_the_end_of_the_log(
        self, command, monkeypatch
    ):
        monkeypatch.setattr("subprocess.call", lambda *_, **__: 1)
        command.environment = {}
        command.log.write_text("campaigns: Smartlead is busy.\n")

        with pytest.raises(
            CommandError, match=r"cannot be read\.\ncampaigns: Smartlead"
        ):
            command._sync()
