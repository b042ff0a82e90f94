"""How many queries a click takes, from the POST to Smartlead. For information."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assignments.models import Lead, Member, User
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.wsgi import application
from assignments.services.dispatch.context import DispatchContext
from assignments.services.dispatch.dispatcher import Dispatcher
from assignments.smartlead import client as smartlead
from assignments.smartlead.budget import CallBudget
from tests.benchmarks.catalogue import Benchmark
from tests.benchmarks.figures import Figure
from tests.benchmarks.mirrored_database import UNLIMITED, mirror_new_sandbox

ROW = {"HX-Request": "true"}


def measure(benchmark: Benchmark, *, label: str, folder: Path) -> Iterator[Figure]:
    state = folder / "sandbox.sqlite3"
    manager = mirror_new_sandbox(state, leads=100)
    world = FakeSmartlead(state=state, limits=UNLIMITED)
    budget = CallBudget(limits=UNLIMITED, name="queries")
    transport = httpx.WSGITransport(app=application(world))
    with smartlead.connect(transport=transport, budget=budget) as client:
        desk = DispatchContext(client=client, budget=budget, clock=timezone.now)
        for step, count in _steps(manager, Dispatcher(desk)):
            yield Figure(name=f"{label}: {step}", value=count, unit="queries")
    world.close()


def _steps(manager: User, dispatcher: Dispatcher) -> Iterator[tuple[str, int]]:
    lead = Lead.objects.filter(owner_known_at__isnull=False).order_by("pk")[0]
    others = Member.objects.filter(is_active=True).order_by("pk")
    to = next(member for member in others if member != lead.owner)
    browser = Browser(SERVER_NAME="localhost", headers=ROW)
    browser.force_login(manager, "django.contrib.auth.backends.ModelBackend")
    row = f"/leads/{lead.pk}/row/"
    form = {"member": to.pk, "expected": lead.owner_id or ""}

    browser.get(row)
    yield (
        "POST of a click",
        _count(lambda: browser.post(f"/leads/{lead.pk}/assign/", data=form)),
    )
    yield "the row that asks how it went", _count(lambda: browser.get(row))
    yield (
        "a turn that reads the lead first",
        _count(lambda: dispatcher.take_turn(timezone.now())),
    )
    yield (
        "a turn that writes the owner",
        _count(lambda: dispatcher.take_turn(timezone.now())),
    )
    lead.refresh_from_db()
    if lead.owner != to:
        raise RuntimeError("The click did not go out.")
    yield (
        "a turn with nothing to do",
        _count(lambda: dispatcher.take_turn(timezone.now())),
    )


def _count(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        act()
    return len(queries)
