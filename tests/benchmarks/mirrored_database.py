"""A database filled from a sandbox: mirrored leads, members, a sales manager."""

import time
from pathlib import Path

import httpx
from django.core.management import call_command
from django.test import Client as Browser
from django.utils import timezone

from assignments.models import Assignment, Lead, Member, User
from assignments.models import Budget as BudgetRow
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.wsgi import application
from assignments.services.bulk import plans, write_plan
from assignments.services.mirror import scheduler
from assignments.smartlead import client as smartlead
from assignments.smartlead.budget import CallBudget
from tests.benchmarks.figures import print_progress
from tests.factories import make_plan

UNLIMITED = [(1_000_000, 60.0)]


def mirror_new_sandbox(state: Path, *, leads: int) -> User:
    """Fill an empty database from a new sandbox, whose account is kept in `state`.

    Return a sales manager.
    """
    call_command("migrate", interactive=False, verbosity=0)
    budget = CallBudget(limits=UNLIMITED, name="preparation")
    world = FakeSmartlead(state=state, leads=leads, limits=UNLIMITED, now=time.time())
    transport = httpx.WSGITransport(app=application(world))
    with smartlead.connect(transport=transport, budget=budget) as client:
        report = scheduler.run_full_sync(
            client=client, budget=budget, progress=_ignore_progress
        )
    world.close()
    BudgetRow.objects.all().delete()
    print_progress(f"Mirrored: {report}.")
    return User.objects.create_user("sara", is_sales_manager=True)


def queue_batch(actor: User, *, rows: int) -> None:
    """Assign so many leads in one batch, and leave all waiting."""
    to = Member.objects.filter(is_active=True).order_by("pk")[0]
    leads = Lead.objects.exclude(owner=to).order_by("pk")[:rows]
    now = timezone.now()
    plan = make_plan(leads, to, actor=actor, at=now, reason="A benchmark.")
    batch = plans.confirm_plan(plan=plan, actor=actor, at=now)
    while not plan.is_written and write_plan.write_chunk(plan=plan, at=now):
        pass
    waiting = Assignment.objects.waiting().filter(batch=batch).count()
    if waiting != rows:
        raise RuntimeError(f"{waiting} rows wait instead of {rows}.")


def session_cookies(user: User) -> dict[str, str]:
    """Return the cookies of a browser in which the user is signed in."""
    browser = Browser()
    browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return {name: morsel.value for name, morsel in browser.cookies.items()}


def _ignore_progress(_: str) -> None:
    return
