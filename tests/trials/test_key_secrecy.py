"""The key leaks nowhere, whatever breaks (docs/design/design.md, rule 12)."""

import io
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from multiprocessing import Value
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse
from django_q.brokers import get_broker
from django_q.models import OrmQ, Task
from django_q.monitor import save_task
from django_q.tasks import async_task
from django_q.worker import worker

from assignments.models import Lead
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.faults import LIST_FAULTS, FaultKind
from assignments.sandbox.server import serve_in_thread
from assignments.smartlead.transport import SocketTransport
from tests.factories import make_manager
from tests.trials import secret_search
from tests.trials.databases import SqliteDatabases, manage_command, process_environment
from tests.trials.full_stack import FullStack, open_full_stack

PAGES = [
    "inbox", "history", "system", "team", "add_member", "settings", "teams", "users",
    "webhooks", "me", "password", "admin:index", "admin:django_q_failure_changelist",
]  # fmt: skip
TOO_MANY = {
    FaultKind.TOO_MANY,
    FaultKind.TOO_MANY_BARE,
}  # makes everybody wait: comes last
TAIL = "+/%&='\"<"


@pytest.fixture
def key(settings) -> str:
    """An API key of 40 characters, some of which every encoding writes in another way."""
    settings.SMARTLEAD_API_KEY = secrets.token_urlsafe(40)[: 40 - len(TAIL)] + TAIL
    return settings.SMARTLEAD_API_KEY


@pytest.fixture
def stack(key, db, client, settings) -> Iterator[FullStack]:
    settings.CALL_DEADLINE = 0.5
    address = settings.SMARTLEAD_BASE_URL
    world = FakeSmartlead(leads=30, keys=[key], limits=[(100_000, 60)])
    client.force_login(make_manager(is_staff=True, is_superuser=True))
    with open_full_stack(world, client) as stack:
        yield stack
    world.close()
    settings.SMARTLEAD_BASE_URL = address


def run(*words: str) -> str:
    out = io.StringIO()
    try:
        call_command(*words, stdout=out, stderr=out)
    except CommandError as error:
        out.write(str(error))
    return out.getvalue()


def meet_every_fault(stack: FullStack) -> str:
    """Let a call of each kind meet each fault; return what the commands printed."""
    output = run("sync", "--full")
    for kind in sorted(LIST_FAULTS):
        stack.world.faults.next(kind, call="list")
        output += run("sync")
    others = Lead.objects.exclude(owner=stack.ben).order_by("pk")
    for kind, lead in zip(
        sorted(set(FaultKind) - LIST_FAULTS - TOO_MANY), others, strict=False
    ):
        meet(stack, kind, lead)
    stack.world.faults.clear()
    stack.world.faults.next(FaultKind.HANG_THEN_DROP, call="list", seconds=0.7)
    return output + run("sync") + run("doctor", "--online")


def meet(stack: FullStack, kind: FaultKind, lead: Lead) -> None:
    path = f"/leads/{lead.pk}/assign/"
    stack.browser.post(path, {"member": stack.ben.pk, "note": "For you."})
    for call in ("thread", "owner", "note"):
        stack.world.faults.next(kind, call=call, seconds=0.1)
    stack.dispatch()
    stack.dispatch(after=61)


def break_tasks(monkeypatch: pytest.MonkeyPatch, lead: Lead) -> None:
    """Fail two tasks at the moment when the key has just been added to the address."""

    def break_down(*_: object) -> None:
        raise RuntimeError("Nobody has foreseen this.")

    async_task("assignments.tasks.open_lead", lead.pk)
    async_task("assignments.tasks.sync")
    todo, done = SimpleQueue[Any](), SimpleQueue[Any]()
    for queued in OrmQ.objects.all():
        todo.put(queued.task)
    todo.put("STOP")
    with monkeypatch.context() as patch:
        patch.setattr(SocketTransport, "handle_request", break_down)
        # This test's own transaction must outlive the task.
        patch.setattr("django_q.worker.close_old_django_connections", lambda: None)
        patch.setattr("django_q.monitor.close_old_django_connections", lambda: None)
        worker(todo, done, Value("f", -1.0), timeout=None)
        while not done.empty():
            save_task(done.get(), get_broker())


def test_faults_and_broken_tasks_leave_no_trace_of_the_key(stack, key, monkeypatch):
    with secret_search.captured_logs() as logged:
        output = meet_every_fault(stack)
        break_tasks(monkeypatch, Lead.objects.first())
        for kind in sorted(TOO_MANY):
            meet(stack, kind, Lead.objects.exclude(owner=stack.ben).last())

    failed = Task.objects.filter(success=False)
    lead = Lead.objects.first()
    paths = [reverse(name) for name in PAGES]
    paths += [f"/leads/{lead.pk}/", f"/leads/{lead.pk}/assign/", "/banner/"]
    paths += [
        reverse("admin:django_q_failure_change", args=[task.pk]) for task in failed
    ]
    pages = "".join(stack.see(path) for path in paths)
    assert failed.count() == 2
    assert "Traceback" in pages
    assert OrmQ.objects.exists()
    assert "send_request_headers" in logged.getvalue()
    assert len(stack.world.call_log.calls(kind="owner")) > 10
    for text in (
        output,
        logged.getvalue(),
        pages,
        secret_search.database_text(),
        secret_search.process_arguments(),
    ):
        assert not secret_search.encodings_in(text, key)


def test_an_error_page_with_debug_on_shows_no_key(stack, key, settings, monkeypatch):
    settings.DEBUG = True
    monkeypatch.setenv("SMARTLEAD_API_KEY", key)
    stack.browser.raise_request_exception = False
    monkeypatch.setattr("dashboard.inbox.lead_list.rows_of", None)

    page = stack.see("/inbox/")

    assert "SMARTLEAD_API_KEY" in page
    assert not secret_search.encodings_in(page, key)


def test_what_would_give_it_away_is_recognised(key):
    for text in (key, f"?api_key={key}&x", secret_search.quote(key, safe="")):
        assert secret_search.encodings_in(text, key)
    for pad in range(3):
        packed = secret_search.b64encode(f"{pad * 'a'}{key}bc".encode()).decode()
        assert secret_search.encodings_in(packed, key)


def test_processes_that_crash_leave_no_key_in_files_logs_or_arguments(tmp_path, key):
    world = FakeSmartlead(leads=30, keys=[key], state=tmp_path / "world.sqlite3")
    world.faults.often("error", 0.3)
    with serve_in_thread(world) as server:
        url = SqliteDatabases(tmp_path).fresh("database")
        known = process_environment(
            url,
            SMARTLEAD_API_KEY=key,
            SMARTLEAD_BASE_URL=server.base_url,
            PYTHONFAULTHANDLER="1",
        )
        listed = crash(known, tmp_path, is_busy=lambda: len(world.call_log.calls()) > 5)
    world.close()

    written = secret_search.file_contents(tmp_path)
    assert "qcluster" in listed
    assert "Fatal Python error: Aborted" in written
    assert not secret_search.encodings_in(listed + written, key)


def crash(known: dict[str, str], folder: Path, *, is_busy) -> str:
    """Let a worker read until it is busy, then abort it; return all argument lists
    before.
    """
    queue = (
        "from django_q.tasks import async_task; async_task('assignments.tasks.sync')"
    )
    subprocess.run(
        manage_command("shell", "--no-imports", "-c", queue), env=known, check=True
    )
    with (folder / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            manage_command("qcluster"),
            env=known,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        give_up_at = time.monotonic() + 120
        while not is_busy() and time.monotonic() < give_up_at:
            time.sleep(0.1)
        listed = secret_search.process_arguments()
        os.killpg(worker.pid, signal.SIGABRT)
        worker.wait()
    return listed
