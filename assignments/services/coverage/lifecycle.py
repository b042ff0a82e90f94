"""The states of a coverage, as time changes them.

See docs/design/coverage-rules.md, rules 3 to 5.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from assignments.models import (
    Assignment,
    Coverage,
    CoverageEvent,
    CoverageNotice,
    CoveredLead,
    Hold,
    Lead,
)
from assignments.models.assignment import PENDING
from assignments.services.coverage.certificate import status_counts
from assignments.services.coverage.rotation import CoverageScope, is_open_lead, topic_of
from assignments.services.outgoing_webhooks import payloads

STATE = Coverage.State
BEGUN = (STATE.STARTING, STATE.ACTIVE)
MISSED = "Its start and its end were both missed, so nothing was moved."
UNCONFIRMED = "Nobody confirmed it before it was over."


def due_coverages(at: datetime) -> list[int]:
    """Return the ids of coverages whose state is to change at `at`, ascending.

    Those are scheduled ones whose start has come, and proposed, starting or active ones
    whose end has come.
    """
    coverages = Coverage.objects.filter(
        Q(state=STATE.SCHEDULED, starts_at__lte=at)
        | Q(state__in=(STATE.PROPOSED, *BEGUN), ends_at__lte=at)
    )
    return list(coverages.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def advance_state(coverage_id: int, at: datetime) -> None:
    """Change the state of one coverage if that is due, with an event; else do nothing.

    Past its end a scheduled one is cancelled as missed, a proposal cancelled, a
    starting or active one becomes returning. A scheduled one past its start becomes
    starting, with its start set and a notice for its member stored. Raises
    Coverage.DoesNotExist.
    """
    rows = Coverage.objects.select_for_update(no_key=True, of=("self",))
    coverage = rows.select_related("member").get(pk=coverage_id)
    is_over = coverage.ends_at <= at
    match coverage.state:
        case STATE.SCHEDULED if is_over:
            coverage.was_missed = True
            _cancel(coverage, MISSED, at)
        case STATE.PROPOSED if is_over:
            _cancel(coverage, UNCONFIRMED, at)
        case STATE.SCHEDULED if coverage.starts_at <= at:
            _begin(coverage, at)
        case STATE.STARTING | STATE.ACTIVE if is_over:
            coverage.state, coverage.returning_at = STATE.RETURNING, at
            coverage.save(update_fields=["state", "returning_at"])
            _add_event(coverage, at, "It is over: the leads go back.")


def was_declined(coverage: Coverage) -> bool:
    """Return whether somebody but its member cancelled it before it was confirmed."""
    if coverage.cancelled_at is None or coverage.confirmed_by_id:
        return False
    acts = coverage.events.filter(at=coverage.cancelled_at, actor__isnull=False)
    return acts.exclude(actor=coverage.member.user_id).exists()


def finish_coverage(coverage_id: int, at: datetime) -> None:
    """Do for one coverage what `finish_coverages` does for all."""
    _finish(Coverage.objects.filter(pk=coverage_id), at)


def finish_coverages(at: datetime) -> None:
    """Make coverages active or completed that have reached it; write no CoverageEvent.

    A starting one is active once no planned hold of it has a pending move; a returning
    one is completed, at `at`, once it has no standing hold; endpoints are told of it.
    """
    _finish(Coverage.objects.all(), at)


def _finish(coverages: QuerySet[Coverage], at: datetime) -> None:
    standing = Hold.objects.standing().filter(coverage=OuterRef("pk"))
    on_the_way = standing.filter(state=Hold.State.TAKING, move__state__in=PENDING)
    coverages.filter(~Exists(on_the_way), state=STATE.STARTING).update(
        state=STATE.ACTIVE
    )
    returned = coverages.filter(~Exists(standing), state=STATE.RETURNING)
    for coverage in list(returned.select_related("member")):
        _complete(returned.filter(pk=coverage.pk), coverage, at)


@transaction.atomic
def _complete(row: QuerySet[Coverage], coverage: Coverage, at: datetime) -> None:
    """Complete the coverage, unless it is no longer in `row`, and tell endpoints."""
    if row.update(state=STATE.COMPLETED, completed_at=at):
        payloads.record_coverage_return(coverage, counts=_leads_by_end(coverage), at=at)


def _leads_by_end(coverage: Coverage) -> dict[str, int]:
    """Return how many leads were taken, and what became of them."""
    counts = status_counts(coverage)
    ends = {status.value: count for status, count in counts.parts}
    return {"taken": counts.taken, **ends}


def _begin(coverage: Coverage, at: datetime) -> None:
    coverage.state, coverage.began_at = STATE.STARTING, at
    coverage.save(update_fields=["state", "began_at"])
    covered_leads = [
        CoveredLead(coverage=coverage, lead=lead, is_start_set=True)
        for lead in _start_set(coverage)
    ]
    CoveredLead.objects.bulk_create(
        covered_leads,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["coverage", "lead"],
        update_fields=["is_start_set"],
    )
    CoverageNotice.objects.get_or_create(
        coverage=coverage, member=coverage.member, defaults={"created_at": at}
    )
    count = len(covered_leads)
    _add_event(coverage, at, f"It began with {count:,} leads in its scope.")
    payloads.record_coverage_start(coverage, leads=count, at=at)


def _start_set(coverage: Coverage) -> list[Lead]:
    """Return the present leads in its scope that the member has or gets, by map id.

    They own it or a pending row gives it: docs/design/coverage-rules.md, rule 7.
    """
    scope = CoverageScope.of(coverage)
    coming = Assignment.objects.pending().filter(to=coverage.member_id).values("lead")
    leads = Lead.objects.present().filter(
        Q(owner=coverage.member_id) | Q(pk__in=coming)
    )
    return [
        lead
        for lead in leads.select_related("category").order_by("map_id")
        if scope.takes(topic_of(lead), is_open=is_open_lead(lead))
    ]


def _cancel(coverage: Coverage, why: str, at: datetime) -> None:
    coverage.state, coverage.cancelled_at = STATE.CANCELLED, at
    coverage.cancelled_why = why
    coverage.save(
        update_fields=["state", "cancelled_at", "cancelled_why", "was_missed"]
    )
    _add_event(coverage, at, why)


def _add_event(coverage: Coverage, at: datetime, sentence: str) -> None:
    CoverageEvent.objects.create(coverage=coverage, at=at, sentence=sentence)
