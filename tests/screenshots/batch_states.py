"""Batches, tables and a change in Smartlead for the screenshots."""

from urllib.parse import urlencode

from django.db.models import F
from django.utils import timezone

from assignments.models import (
    Assignment,
    Batch,
    Lead,
    LookupEntry,
    LookupTable,
    Member,
    SavedPlan,
    User,
)
from assignments.models.assignment import Cause, State
from assignments.models.plan import StrategyKind
from assignments.services.bulk import plans
from assignments.services.bulk.allocation import AllocationRequest, PlanPart
from tests.factories import make_absence

OUTCOMES = (
    ("refused", "Smartlead said: Lead is archived."),
    ("overtaken", "Somebody moved it to Ngozi in Smartlead first. It was not sent."),
    *[("done", "")] * 8,
)


def preview_plan() -> SavedPlan:
    """Preview Ngozi's leads to the least busy of three, one of whom is away."""
    maya = Member.objects.get(name="Maya Lindqvist")
    if not maya.coverages.exists():
        make_absence(maya, at=timezone.now())
    names = ("Luca Ferri", "Theo Brandt", maya.name)
    pool = list(Member.objects.filter(name__in=names))
    said = [("filter", f"owner={leaving_member().pk}"), ("strategy", "least_busy")]
    said += [("member", str(member.pk)) for member in pool]
    wish = AllocationRequest(strategy=StrategyKind.LEAST_BUSY, members=pool)
    return plans.make_plan(
        parts=[PlanPart(leads=Lead.objects.filter(owner=leaving_member()), wish=wish)],
        actor=User.objects.get(username="sara"),
        at=timezone.now(),
        reason="Ngozi leaves on Monday",
        wish={"query": urlencode(said)},
    )


def unfinished_batch() -> Batch:
    """Return a batch of twelve: most done, one refused, one overtaken, two waiting."""
    if known := Batch.objects.filter(reason="Level the week.").first():
        return known
    leads = Lead.objects.filter(owner=leaving_member()).order_by("-reply_order")[:12]
    members = list(Member.objects.filter(name__in=("Luca Ferri", "Theo Brandt")))
    plan = plans.make_plan(
        parts=[
            PlanPart(
                leads=Lead.objects.filter(pk__in=[lead.pk for lead in leads]),
                wish=AllocationRequest(
                    strategy=StrategyKind.LEAST_BUSY, members=members
                ),
            )
        ],
        actor=User.objects.get(username="sara"),
        at=timezone.now(),
        reason="Level the week.",
        wish={"strategy": "least_busy"},
    )
    made = plans.confirm_plan(plan=plan, actor=plan.actor, at=timezone.now())
    rows = made.assignments.waiting().order_by("pk")
    for row, (state, outcome) in zip(list(rows), OUTCOMES, strict=False):
        _finish_row(row, state, outcome)
    return made


def _finish_row(row: Assignment, state: str, outcome: str) -> None:
    Assignment.objects.filter(pk=row.pk).update(
        state=state, outcome=outcome, finished_at=timezone.now()
    )
    if state == State.DONE:
        Lead.objects.filter(pk=row.lead_id).update(owner=row.to)


def lookup_table() -> LookupTable:
    known, is_new = LookupTable.objects.get_or_create(
        name="Countries", kind="territory", attribute="top_level_domain"
    )
    members = Member.objects.order_by("name")[:3]
    for value, member in zip(("de", "fr", "co.uk"), members, strict=is_new):
        LookupEntry.objects.get_or_create(
            mapping=known, value=value, key=value, member=member
        )
    return known


def leaver() -> Member:
    return leaving_member()


def leaving_member() -> Member:
    return Member.objects.get(name="Ngozi Adeyemi")


def change_owner_outside() -> None:
    """Record that a lead was moved in Smartlead to a member unknown so far."""
    given = Assignment.objects.filter(state=State.DONE).exclude(cause=Cause.OUTSIDE)
    row = given.filter(lead__owner=F("to")).order_by("pk")[0]
    taker = Member.objects.create(id=9901, source=Member.Source.ROWS)
    at = timezone.now()
    Assignment.objects.create(
        lead=row.lead, expected=row.to, to=taker, cause=Cause.OUTSIDE,
        reason="Changed in Smartlead, not in Handoff.", state=State.DONE,
        created_at=at, finished_at=at, verified_at=at,
    )  # fmt: skip
    Lead.objects.filter(pk=row.lead_id).update(owner=taker)
