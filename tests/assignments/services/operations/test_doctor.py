from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django_q.models import Failure, Schedule

from assignments.models import SyncSource
from assignments.sandbox.server import serve_in_thread
from assignments.services import account as accounts
from assignments.services.operations import doctor
from assignments.services.operations.doctor import FindingState
from assignments.services.operations.migration_state import (
    MigrationState,
    read_migration_state,
)
from assignments.services.task_leases import record_heartbeat
from assignments.smartlead import client as smartlead
from assignments.smartlead.client import connect
from tests.factories import (
    MONDAY,
    make_account,
    make_assignment,
    make_lead,
    make_manager,
    make_member,
)
from tests.pretend_migrated import pretend_migrated

pytestmark = pytest.mark.django_db


def by_subject(findings: Iterable[doctor.Finding]) -> dict[str, doctor.Finding]:
    return {finding.subject: finding for finding in findings}


def examine(at: datetime | None = None) -> dict[str, doctor.Finding]:
    return by_subject(doctor.examine_installation(at=at or timezone.now()))


def test_nothing_is_wrong_with_a_deployment_at_work(settings):
    settings.ALLOWED_HOSTS = ["localhost"]
    now = timezone.now()
    make_manager()
    accounts.bind(now)
    record_heartbeat("worker", at=now)

    states = {subject: finding.state for subject, finding in examine(now).items()}

    assert set(states.values()) == {FindingState.FINE}


def test_before_the_first_start_only_the_manager_is_missing():
    found = examine()

    problems = {subject for subject, finding in found.items() if finding.is_problem}
    assert problems == {"people"}
    assert found["account"].state is FindingState.NOTE
    assert found["worker"].state is FindingState.NOTE
    assert found["worker"].sentence == "The worker has not been started yet."


def test_every_problem_says_what_to_do(settings):
    settings.SMARTLEAD_API_KEY = ""
    settings.SECRET_KEY = "short"
    settings.DEBUG = True
    settings.SITE_URL = "https://handoff.example.com"

    problems = [finding for finding in examine().values() if finding.is_problem]

    assert {finding.subject for finding in problems} >= {
        "key",
        "secret",
        "debug",
        "address",
    }
    assert all(finding.remedy for finding in problems)


class TestSettings:
    @pytest.mark.parametrize("key", ["x" * 60, "django-insecure-" + "abcdefgh" * 6])
    def test_a_key_that_can_be_guessed_is_weak(self, settings, key):
        settings.SECRET_KEY = key

        assert doctor.secret_key().is_problem

    def test_an_old_key_that_can_be_guessed_is_weak(self, settings):
        settings.SECRET_KEY = "abcdefghij" * 6
        settings.SECRET_KEY_FALLBACKS = ["short"]

        assert "SECRET_KEY_FALLBACKS" in doctor.secret_key().sentence

    def test_the_secret_itself_is_never_said(self, settings):
        settings.SECRET_KEY = "weak-and-secret"
        settings.SMARTLEAD_API_KEY = "k" * 40

        said = " ".join(f"{f.sentence} {f.remedy}" for f in doctor.settings_findings())

        assert "weak-and-secret" not in said
        assert "kkkk" not in said

    @pytest.mark.parametrize(
        ("allowed", "state"),
        [
            (["handoff.example.com"], FindingState.FINE),
            ([".example.com"], FindingState.FINE),
            (["localhost"], FindingState.PROBLEM),
            (["ample.com"], FindingState.PROBLEM),
            ([""], FindingState.PROBLEM),
            (["*"], FindingState.NOTE),
        ],
    )
    def test_the_public_address_must_be_let_in(self, settings, allowed, state):
        settings.SITE_URL = "https://handoff.example.com"
        settings.ALLOWED_HOSTS = allowed

        assert doctor.address().state is state


class TestDatabase:
    def test_an_unreachable_one_ends_the_examination(self, monkeypatch):
        def fail() -> None:
            raise doctor.DatabaseError("no such host")

        monkeypatch.setattr(connection, "cursor", fail)

        found = examine()

        assert found["database"].sentence == (
            "The database cannot be opened: no such host."
        )
        assert "worker" not in found

    def test_missing_migrations_end_the_examination_of_the_work(self, monkeypatch):
        missing = [(Migration("0002_more", "assignments"), False)]
        monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: missing)

        found = examine()

        assert found["migrations"].remedy == "Run: manage.py migrate"
        assert "assignments.0002_more" in found["migrations"].sentence
        assert "worker" not in found

    def test_a_database_of_a_newer_handoff_is_not_worked_on(
        self, monkeypatch, settings
    ):
        later = ("assignments", "9999_later")
        pretend_migrated(monkeypatch, settings, also=(later,))

        found = examine()

        assert "A newer Handoff has changed this database" in (
            found["migrations"].sentence
        )
        assert "assignments.9999_later" in found["migrations"].sentence
        assert "worker" not in found

    def test_a_database_of_an_unreleased_version_is_to_begin_anew(
        self, monkeypatch, settings
    ):
        before = ("assignments", "0002_account_row")
        pretend_migrated(monkeypatch, settings, also=(before,))

        found = examine()

        assert "from before the first release" in found["migrations"].sentence
        assert "make fresh" in found["migrations"].remedy

    def test_a_database_of_an_unreleased_version_is_not_migrated(
        self, monkeypatch, settings
    ):
        before = ("assignments", "0002_account_row")
        pretend_migrated(monkeypatch, settings, also=(before,))

        with pytest.raises(CommandError, match="make fresh"):
            call_command("migrate", verbosity=0)

    def test_migrations_of_programs_that_are_gone_do_not_make_it_newer(
        self, monkeypatch, settings
    ):
        pretend_migrated(monkeypatch, settings, also=(("gone", "0001_initial"),))

        assert read_migration_state() == MigrationState(missing=[], newer=[])

    def test_clocks_that_differ_are_a_problem(self):
        wrong = timezone.now() + timedelta(seconds=30)

        assert "30 s apart" in doctor.clock(at=wrong).sentence


class TestWork:
    def test_another_key_than_the_one_it_is_tied_to(self, settings):
        accounts.bind(MONDAY)
        settings.SMARTLEAD_API_KEY = "another"

        assert "doctor --rebind" in examine()["account"].sentence

    def test_paused_writes_are_a_note_and_not_a_problem(self):
        make_account(paused_at=MONDAY, pause_reason="Importing.")

        assert examine()["writes"].state is FindingState.NOTE

    def test_bulk_that_stopped_itself_is_a_problem(self):
        make_account(bulk_paused_at=MONDAY, bulk_pause_reason="Unknown member.")

        assert "Unknown member." in examine()["writes"].sentence

    def test_an_outage_is_told_since_when(self):
        make_account(outage_since=MONDAY, outage_sentence="Plan expired!")

        assert examine()["smartlead"].sentence == (
            "Since 2026-05-11 09:00 UTC: Plan expired!"
        )

    def test_a_worker_that_was_stopped_is_a_note_for_an_hour(self):
        record_heartbeat("worker", at=MONDAY)
        record_heartbeat("stopped", at=MONDAY + timedelta(seconds=5))

        soon = doctor.worker(at=MONDAY + timedelta(minutes=30))
        late = doctor.worker(at=MONDAY + timedelta(hours=2))

        assert soon.state is FindingState.NOTE
        assert soon.sentence == "It was stopped at 2026-05-11 09:00 UTC."
        assert late.is_problem

    def test_a_worker_that_was_started_after_a_stop_and_died_is_a_problem(self):
        record_heartbeat("stopped", at=MONDAY)
        record_heartbeat("worker", at=MONDAY + timedelta(seconds=5))

        assert doctor.worker(at=MONDAY + timedelta(minutes=30)).is_problem

    def test_a_worker_that_fell_silent_is_told_since_when(self):
        record_heartbeat("worker", at=MONDAY)

        sentence = examine()["worker"].sentence

        assert sentence.endswith("since 2026-05-11 09:00 UTC.")

    def test_a_change_that_is_due_and_old_is_a_problem(self):
        make_assignment(make_lead(), make_member())

        late = doctor.queue(
            accounts.current_account(), at=MONDAY + timedelta(minutes=11)
        )
        early = doctor.queue(
            accounts.current_account(), at=MONDAY + timedelta(minutes=9)
        )

        assert (late.state, early.state) == (FindingState.PROBLEM, FindingState.FINE)

    def test_an_old_change_is_none_while_all_writes_are_paused(self):
        make_account(paused_at=MONDAY)
        make_assignment(make_lead(), make_member())

        found = doctor.queue(accounts.current_account(), at=MONDAY + timedelta(days=1))

        assert found.state is FindingState.FINE

    def test_a_failing_source_is_named(self):
        SyncSource.objects.create(name="campaigns", error="Smartlead is busy.")

        assert examine()["mirror"].sentence == "campaigns: Smartlead is busy."

    def test_a_missing_schedule_is_a_problem(self):
        Schedule.objects.all().delete()

        assert examine()["schedule"].is_problem

    def test_broken_tasks_are_counted_for_a_day(self):
        for age in (timedelta(hours=1), timedelta(days=2)):
            started = timezone.now() - age
            Failure.objects.create(
                id=str(age),
                name="dispatch",
                func="f",
                started=started,
                stopped=started,
                success=False,
            )

        assert examine()["tasks"].sentence == "1 tasks broke within a day."


class TestOnline:
    def test_one_read_tells_that_smartlead_takes_our_calls(self, world):
        with connect() as client:
            [found] = doctor.online(client=client)

        assert found.state is FindingState.FINE

    def test_a_wrong_key_is_told_in_a_sentence_without_the_key(self, world, settings):
        settings.SMARTLEAD_API_KEY = "k" * 40

        with connect() as client:
            [found] = doctor.online(client=client)

        assert found.is_problem
        assert "kkkk" not in found.sentence

    def test_its_clock_is_compared_with_ours(self, world, monkeypatch, settings):
        monkeypatch.setattr(smartlead, "default_transport", None)
        with serve_in_thread(world) as server:
            settings.SMARTLEAD_BASE_URL = server.base_url
            with connect() as client:
                found = by_subject(doctor.online(client=client))

        assert found["clock"].state is FindingState.FINE

    @pytest.mark.parametrize(
        ("seconds", "is_problem"), [(-30, True), (30, True), (5, False)]
    )
    def test_clocks_that_are_apart_are_a_problem(self, seconds, is_problem):
        theirs = MONDAY + timedelta(seconds=seconds)

        found = doctor.smartlead_clock(server_time=theirs, at=MONDAY)

        assert found.is_problem is is_problem
        assert ("30 s apart" in found.sentence) is is_problem
