"""What must hold of coverages at any moment, for the audit.

See docs/design/coverage-rules.md, rules 3 and 11.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from assignments.models import Assignment, Coverage, CoveredLead, Hold, Note
from assignments.models.assignment import COVERAGE_CAUSES, State

LIVE, TAKING = Hold.State.LIVE, Hold.State.TAKING


def _astray(at: datetime) -> Iterator[str]:
    """Held leads that are not with the `to` of their top hold, though nothing moves."""
    above = Hold.objects.live().filter(lead=OuterRef("lead"), pk__gt=OuterRef("pk"))
    moving = Assignment.objects.pending().filter(lead=OuterRef("lead"))
    tops = Hold.objects.live().filter(~Exists(above), ~Exists(moving))
    for hold in tops.exclude(lead__owner=F("to")).order_by("lead"):
        yield f"lead {hold.lead_id} (hold {hold.pk})"


def _broken_chains(at: datetime) -> Iterator[str]:
    """Each step of a walk begins where the one beneath it ends."""
    beneath = Hold.objects.live().filter(lead=OuterRef("lead"), pk__lt=OuterRef("pk"))
    last = beneath.order_by("-pk").values("to")[:1]
    steps = Hold.objects.live().annotate(beneath=Subquery(last))
    for hold in steps.exclude(beneath=None).exclude(origin=F("beneath")):
        yield f"lead {hold.lead_id} (hold {hold.pk})"


def _left_over(at: datetime) -> QuerySet[Hold]:
    over = (Coverage.State.COMPLETED, Coverage.State.CANCELLED, Coverage.State.PROPOSED)
    return Hold.objects.standing().filter(coverage__state__in=over)


def _takings_without_a_move(at: datetime) -> QuerySet[Hold]:
    """A planned hold waits for its move, or for a person after a refusal."""
    open_states = (State.WAITING, State.SENDING, State.REFUSED)
    return Hold.objects.filter(state=TAKING).exclude(move__state__in=open_states)


def _stray_plans(at: datetime) -> QuerySet[Assignment]:
    pointed = Hold.objects.standing().filter(move=OuterRef("pk"))
    plans = Assignment.objects.pending().filter(cause__in=COVERAGE_CAUSES)
    return plans.filter(~Exists(pointed), lead__gone_at=None)


def _unexplained_pins(at: datetime) -> QuerySet[CoveredLead]:
    return CoveredLead.objects.filter(
        Q(pinned_at=None, pinned_by__isnull=False)
        | Q(pinned_at__isnull=False, pinned_by=None)
    )


def _noted_twice(at: datetime) -> Iterator[str]:
    """One start note and one return note for a lead, in each of its coverages."""
    kinds = {Note.Kind.START: "start_noted_at", Note.Kind.RETURN: "return_noted_at"}
    for kind, noted in kinds.items():
        written = Note.objects.filter(kind=kind, lead=OuterRef("lead")).order_by()
        count = written.values("lead").annotate(count=Count("pk")).values("count")
        leads = CoveredLead.objects.filter(**{f"{noted}__isnull": False})
        told = (
            leads.order_by()
            .values("lead")
            .annotate(times=Count("pk"), notes=Subquery(count))
        )
        for found in told.filter(notes__gt=F("times")):
            yield f"lead {found['lead']} ({kind.label.lower()})"


PROMISES = {
    "A held lead is with whom its last hold names.": _astray,
    "Holds of a lead stand on each other.": _broken_chains,
    "A coverage that is over holds nothing.": _left_over,
    "A lead that is being handed over has its change.": _takings_without_a_move,
    "Every plan of a coverage has its hold.": _stray_plans,
    "Whoever keeps a lead out of a coverage is known.": _unexplained_pins,
    "A coverage writes each of its notes once.": _noted_twice,
}
