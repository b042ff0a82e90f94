"""A process of a trial that takes one step: setting up, assigning, writing the results."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from assignments import tasks
from assignments.models import (
    Account,
    Assignment,
    Coverage,
    Hold,
    Lead,
    Member,
    Note,
    User,
)
from assignments.models.plan import StrategyKind
from assignments.services import account as accounts
from assignments.services.bulk import plans, write_plan
from assignments.services.bulk.allocation import AllocationRequest, PlanPart
from assignments.services.coverage import actions
from assignments.services.coverage.drafts import CoverageDraft, DraftCoverer
from assignments.services.dispatch.context import DispatchContext
from assignments.services.dispatch.dispatcher import is_work_left
from assignments.services.mirror.import_leads import save_rows
from assignments.services.operations import invariants
from assignments.smartlead.budget import CallBudget
from assignments.smartlead.client import Client
from assignments.smartlead.errors import ServiceTrouble
from assignments.smartlead.rate_limiter import CallKind
from tests.trials import batch_writer
from tests.trials.control_socket import ControlSocket


def run(control: ControlSocket, *, step: str, **details: Any) -> None:
    steps: dict[str, Callable[..., None]] = {
        "set_up": set_up,
        "start_coverage": start_coverage,
        "end_coverage": end_coverage,
        "assign_all": assign_all,
        "write_results": write_results,
    }
    steps[step](**details)
    control.send(said="mirrored", leads=_lead_ids())
    control.send(said="finished")


def set_up(*, members: list[int], unknown_every: int, pages: int = 2) -> None:
    """Mirror so many pages of the inbox, then forget the owner of every n-th lead."""
    User.objects.create_user("sara", is_sales_manager=True)
    for member in members:
        Member.objects.create(id=member, name=f"M{member}", source="board")
    with tasks.open_client() as (client, budget):
        for offset in range(0, 20 * pages, 20):
            _read_page(client, budget, offset)
    accounts.bind(timezone.now())
    Lead.objects.filter(pk__in=_lead_ids()[::unknown_every]).update(
        owner=None, owner_known_at=None, owner_sure_at=None
    )


def start_coverage(*, away: int, covering: list[int]) -> None:
    """Schedule a coverage of all leads of one member that starts now."""
    now = timezone.now()
    draft = CoverageDraft(
        member=Member.objects.get(pk=away),
        first_day=now.date(),
        last_day=now.date() + timedelta(days=3),
        zone="UTC",
        scope=Coverage.Scope.ALL,
        coverers=tuple(
            DraftCoverer(member=member)
            for member in Member.objects.filter(pk__in=covering)
        ),
        start_note="Covered by {covering} for {away}.",
        return_note="{away} is back.",
        from_now=True,
    )
    actions.schedule(draft=draft, actor=User.objects.get(), at=now)


def end_coverage() -> None:
    coverage, manager = Coverage.objects.get(), User.objects.get()
    actions.end_early(coverage=coverage, actor=manager, at=timezone.now())


def assign_all(*, to: int, note: str) -> None:
    """Confirm a batch of all leads to one member; its first rows are written at once."""
    write_plan.CHUNK = batch_writer.CHUNK_SIZE
    manager, now = User.objects.get(), timezone.now()
    wish = AllocationRequest(
        strategy=StrategyKind.MEMBER, members=[Member.objects.get(pk=to)]
    )
    part = PlanPart(leads=Lead.objects.all(), wish=wish)
    plan = plans.make_plan(parts=[part], actor=manager, at=now, note=note)
    plans.confirm_plan(plan=plan, actor=manager, at=now)


READ_ATTEMPTS = 10


def write_results(*, within: float, path: str) -> None:
    """Wait until the work is done, read every lead once more, and write all as JSON."""
    until = time.monotonic() + within
    # Whoever paused them may have been killed before resuming.
    accounts.resume_writes(actor=User.objects.get(), at=timezone.now())
    _wait_for_workers(until)
    with tasks.open_client() as (client, budget):
        desk = DispatchContext(client=client, budget=budget, clock=timezone.now)
        for lead in Lead.objects.order_by("map_id"):
            _read_with_retries(desk, lead)
    _wait_for_workers(until)
    Path(path).write_text(json.dumps(_results()))


def _lead_ids() -> list[int]:
    return list(Lead.objects.order_by("map_id").values_list("pk", flat=True))


def _wait_for_workers(until: float) -> None:
    while time.monotonic() < until and (
        is_work_left(accounts.current_account())
        or _is_coverage_returning()
        or write_plan.unwritten_plans()
    ):
        time.sleep(0.1)


def _is_coverage_returning() -> bool:
    return Coverage.objects.filter(state=Coverage.State.RETURNING).exists()


def _read_page(client: Client, budget: CallBudget, offset: int) -> None:
    slot = budget.wait(CallKind.NORMAL, until=time.time() + 5)
    assert slot is not None
    asked_at = timezone.now()
    with client.use_slot(slot):
        page = client.inbox("inbox-replies", offset=offset)
    save_rows(page.rows, asked_at=asked_at, at=timezone.now(), by="list")


def _read_with_retries(desk: DispatchContext, lead: Lead) -> None:
    # The time-outs are scaled, the machine is not: a busy one may need a second try.
    for _ in range(READ_ATTEMPTS - 1):
        with suppress(ServiceTrouble):
            return _read_lead(desk, lead)
        time.sleep(0.5)
    return _read_lead(desk, lead)


def _read_lead(desk: DispatchContext, lead: Lead) -> None:
    slot = desk.client.wait_for_slot(CallKind.NORMAL, until=time.time() + 10)
    assert slot is not None
    lead_row, asked_at = desk.read_lead(lead.pk, slot)
    if lead_row is not None:
        desk.store_lead(lead_row, asked_at)


def _results() -> dict[str, Any]:
    account = Account.objects.values("bulk_paused_at", "paused_at").get()
    return {
        "rows": _row_values(Assignment.objects.order_by("pk")),
        "notes": _row_values(Note.objects.order_by("pk")),
        "leads": _row_values(Lead.objects.order_by("pk")),
        "holds": _row_values(Hold.objects.order_by("pk")),
        "coverages": _row_values(Coverage.objects.order_by("pk")),
        "is_paused": any(account.values()),
        "audit": [
            str(finding)
            for finding in invariants.check_invariants(at=timezone.now())
            if not finding.is_kept
        ],
        "fresh_click": settings.FRESH_CLICK,
        "fresh": settings.FRESH,
        "quiet": settings.QUIET,
        "scale": settings.TIME_SCALE,
    }


def _row_values(rows: QuerySet[Any]) -> list[dict[str, Any]]:
    return [
        {name: _json_value(value) for name, value in row.items()}
        for row in rows.values()
    ]


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)
    return value if isinstance(value, int | float | str | None) else str(value)
