"""Invariants of coverages, true at any moment.

See docs/design/coverage-rules.md, rules 3 and 11.

Each check returns the rows that break its sentence, for `manage.py audit`.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from assignments.models import Assignment, Coverage, CoveredLead, Hold, Note
from assignments.models.assignment import COVERAGE_CAUSES, State

LIVE, TAKING = Hold.State.LIVE, Hold.State.TAKING


def _misplaced_leads(at: datetime) -> Iterator[str]:
    """Yield `lead 1 (hold 2)` for each top live hold whose `to` does not own its lead.

    Leads with a pending row are skipped.
    """
    above = Hold.objects.live().filter(lead=OuterRef("lead"), pk__gt=OuterRef("pk"))
    moving = Assignment.objects.pending().filter(lead=OuterRef("lead"))
    tops = Hold.objects.live().filter(~Exists(above), ~Exists(moving))
    for hold in tops.exclude(lead__owner=F("to")).order_by("lead"):
        yield f"lead {hold.lead_id} (hold {hold.pk})"


def _broken_chains(at: datetime) -> Iterator[str]:
    """Yield `lead 1 (hold 2)` for each live hold not standing on the one beneath it.

    Its origin is not the `to` of the next lower live hold; lowest holds are skipped.
    """
    beneath = Hold.objects.live().filter(lead=OuterRef("lead"), pk__lt=OuterRef("pk"))
    last = beneath.order_by("-pk").values("to")[:1]
    steps = Hold.objects.live().annotate(beneath=Subquery(last))
    for hold in steps.exclude(beneath=None).exclude(origin=F("beneath")):
        yield f"lead {hold.lead_id} (hold {hold.pk})"


def _holds_after_end(at: datetime) -> QuerySet[Hold]:
    """Return standing holds of completed, cancelled or proposed coverages."""
    over = (Coverage.State.COMPLETED, Coverage.State.CANCELLED, Coverage.State.PROPOSED)
    return Hold.objects.standing().filter(coverage__state__in=over)


def _planned_holds_without_move(at: datetime) -> QuerySet[Hold]:
    """Return planned holds without a move that waits, is being sent or was refused."""
    open_states = (State.WAITING, State.SENDING, State.REFUSED)
    return Hold.objects.filter(state=TAKING).exclude(move__state__in=open_states)


def _plans_without_hold(at: datetime) -> QuerySet[Assignment]:
    """Return pending coverage rows of present leads that are no standing hold's `move`."""
    holds = Hold.objects.standing().filter(move=OuterRef("pk"))
    plans = Assignment.objects.pending().filter(cause__in=COVERAGE_CAUSES)
    return plans.filter(~Exists(holds), lead__gone_at=None)


def _unexplained_pins(at: datetime) -> QuerySet[CoveredLead]:
    """Return covered leads that have `pinned_at` or `pinned_by`, but not both."""
    return CoveredLead.objects.filter(
        Q(pinned_at=None, pinned_by__isnull=False)
        | Q(pinned_at__isnull=False, pinned_by=None)
    )


def _repeated_notes(at: datetime) -> Iterator[str]:
    """Yield `lead 1 (start)` for leads with more notes of a kind than coverages noted.

    That is for start and return notes; the word in brackets is the kind's label in
    small letters.
    """
    kinds = {Note.Kind.START: "start_noted_at", Note.Kind.RETURN: "return_noted_at"}
    for kind, noted in kinds.items():
        written = Note.objects.filter(kind=kind, lead=OuterRef("lead")).order_by()
        count = written.values("lead").annotate(count=Count("pk")).values("count")
        leads = CoveredLead.objects.filter(**{f"{noted}__isnull": False})
        noted_leads = (
            leads.order_by()
            .values("lead")
            .annotate(times=Count("pk"), notes=Subquery(count))
        )
        for row in noted_leads.filter(notes__gt=F("times")):
            yield f"lead {row['lead']} ({kind.label.lower()})"


INVARIANTS = {
    "A held lead is with whom its last hold names.": _misplaced_leads,
    "Holds of a lead stand on each other.": _broken_chains,
    "A coverage that is over holds nothing.": _holds_after_end,
    "A lead that is being handed over has its change.": _planned_holds_without_move,
    "Every plan of a coverage has its hold.": _plans_without_hold,
    "Whoever keeps a lead out of a coverage is known.": _unexplained_pins,
    "A coverage writes each of its notes once.": _repeated_notes,
}
