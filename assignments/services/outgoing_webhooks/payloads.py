"""The data of each event: ids, and names of members; never the name, address or mails
of a lead. docs/outgoing-webhooks.md shows each of them.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings

from assignments.models import Assignment, Coverage, Member
from assignments.models.outgoing_webhook import OutgoingKind
from assignments.services.outgoing_webhooks.events import (
    record_event,
    record_event_once,
    record_events,
)
from assignments.visible_text import without_turning

MOST_MEMBERS = 50  # named in one event
LONGEST_NAME = 100


def record_owner_change(row: Assignment, *, at: datetime) -> None:
    """Write `owner.changed` for a row that is done; none if its target had the lead.

    Called once a row is DONE: when Smartlead has the new owner, whoever changed it.
    """
    if row.expected_known and row.expected_id == row.to_id:
        return
    record_events(OutgoingKind.OWNER_CHANGED, data=_owner_change(row), at=at)


def _owner_change(row: Assignment) -> Iterable[dict[str, Any]]:
    # A generator: the members are read only if somebody is told.
    yield {
        "lead_id": row.lead_id,
        "from": _member(row.expected),
        "from_is_known": row.expected_known,
        "to": _member(row.to),
        "cause": row.cause,
        "actor_id": row.actor_id,
        "assignment_id": row.pk,
        "batch_id": row.batch_id,
        "undoes_assignment_id": row.reverses_id,
        "url": _page(f"/leads/{row.lead_id}/"),
    }


def record_refusal(row: Assignment, *, at: datetime) -> None:
    """Write `attention.raised` for a change that Smartlead refused and a person made or
    a rule; those of a coverage are told with their coverage.
    """
    if row.is_of_coverage:
        return
    data = {
        "problem": "assignment_refused",
        "lead_id": row.lead_id,
        "assignment_id": row.pk,
        "coverage_id": None,
        "member": None,
        "url": _page(f"/leads/{row.lead_id}/"),
    }
    record_event(OutgoingKind.ATTENTION_RAISED, data=data, at=at)


def record_coverage_trouble(
    coverage: Coverage,
    *,
    key: str,
    problem: str,
    lead_id: int | None,
    assignment_id: int | None,
    at: datetime,
) -> None:
    """Write `attention.raised` for a problem of a coverage, once per `key`."""
    data = {
        "problem": problem,
        "lead_id": lead_id,
        "assignment_id": assignment_id,
        "coverage_id": coverage.pk,
        "member": _member(coverage.member),
        "url": _page(f"/coverage/{coverage.pk}/"),
    }
    record_event_once(OutgoingKind.ATTENTION_RAISED, key=key, data=data, at=at)


def record_coverage_start(coverage: Coverage, *, leads: int, at: datetime) -> None:
    """Write `coverage.started`; `leads` is how many were in its scope."""

    def data() -> Iterable[dict[str, Any]]:
        yield {**_coverage(coverage), "leads": leads}

    record_events(OutgoingKind.COVERAGE_STARTED, data=data(), at=at)


def record_coverage_return(
    coverage: Coverage, *, counts: Mapping[str, int], at: datetime
) -> None:
    """Write `coverage.returned`; `counts` are leads by what became of them."""

    def data() -> Iterable[dict[str, Any]]:
        yield {**_coverage(coverage), "leads": dict(counts)}

    record_events(OutgoingKind.COVERAGE_RETURNED, data=data(), at=at)


def _coverage(coverage: Coverage) -> dict[str, Any]:
    covering = [
        coverer.member
        for coverer in coverage.coverers.filter(replaced_at=None)
        .select_related("member")
        .order_by("pk")[:MOST_MEMBERS]
    ]
    return {
        "coverage_id": coverage.pk,
        "member": _member(coverage.member),
        "covering_members": [_member(member) for member in covering],
        "starts_at": coverage.starts_at.isoformat(),
        "ends_at": coverage.ends_at.isoformat(),
        "url": _page(f"/coverage/{coverage.pk}/"),
    }


def _member(member: Member | None) -> dict[str, Any] | None:
    if member is None:
        return None
    return {"id": member.pk, "name": without_turning(str(member))[:LONGEST_NAME]}


def _page(path: str) -> str:
    return urljoin(settings.SITE_URL, path)
