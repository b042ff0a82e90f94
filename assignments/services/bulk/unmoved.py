"""Which open leads are left where they are when a team is levelled.

Asked twice: when the plan is made, and again when it is confirmed and written.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Value, When

from assignments.models import Assignment, Hold, Lead, SavedPlan
from assignments.models.assignment import Cause

LIVE_FOR = timedelta(days=7)


class Kind(models.TextChoices):
    """Why a lead stays where it is, or that it may move."""

    ON_THE_WAY = "on_the_way", "on the way already"
    HELD = "held", "held in a coverage"
    LIVE = "live", "in a live conversation"
    MOVABLE = "movable", "may move"


def kind_of(at: datetime, *, with_live: bool) -> Case:
    """Live: we owe an answer, or a mail went either way this week."""
    pending = Assignment.objects.pending().filter(lead=OuterRef("pk"))
    held = Hold.objects.standing().filter(lead=OuterRef("pk"))
    kinds = [
        When(Exists(pending), then=Value(Kind.ON_THE_WAY.value)),
        When(Exists(held), then=Value(Kind.HELD.value)),
    ]
    if not with_live:
        kinds.append(When(_is_live(at), then=Value(Kind.LIVE.value)))
    movable = Value(Kind.MOVABLE.value)
    return Case(*kinds, default=movable, output_field=models.CharField())


def _is_live(at: datetime) -> Q:
    since = at - LIVE_FOR
    return Q(answer_owed=True) | Q(reply_order__gte=since) | Q(sent_order__gte=since)


# What is said of a lead that might still move when the preview was made.
SINCE = {
    Kind.ON_THE_WAY: "Since the preview, it is on the way to somebody else.",
    Kind.HELD: "Since the preview, it is held in a coverage.",
    Kind.LIVE: "Since the preview, a mail came or went: the conversation is live.",
}


def stays_since(
    plan: SavedPlan, leads: Collection[int], *, at: datetime
) -> dict[int, str]:
    """Why leads of a levelling are better left alone by now; empty for other plans."""
    if plan.cause != Cause.REBALANCE:
        return {}
    kind = kind_of(at, with_live=bool(plan.wish.get("with_live")))
    found = Lead.objects.filter(pk__in=leads).annotate(kind=kind).order_by()
    rows = found.exclude(kind=Kind.MOVABLE).values_list("pk", "kind")
    return {pk: SINCE[Kind(kind)] for pk, kind in rows}
