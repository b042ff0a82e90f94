"""The review: leads that need attention, in sections by reason.

Each section is one condition, used by the page, the inbox filter, the count and the mail.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from assignments.models import Assignment, Coverage, Lead, Member, User
from assignments.models.assignment import Cause, State
from assignments.services import access
from assignments.services.bulk.open_leads import is_open
from assignments.services.errors import Stale
from assignments.services.insights.answers_due import overdue
from assignments.services.locks import lock_lead
from assignments.services.routing.suggestions import open_suggestions_for
from assignments.services.sight import Sight

UNTOUCHED_DAYS = 7
MOST_DAYS = 3650
DRIFT_FOR = timedelta(days=14)
MOST_COUNTED = 999


class ReviewSection(models.TextChoices):
    """A section of the review page, in its order."""

    OVERDUE = "overdue", "Overdue"
    NOBODY = "nobody", "Without an owner"
    INACTIVE = "inactive", "With a deactivated member"
    UNKNOWN = "unknown", "With somebody unknown"
    AWAY = "away", "Owner away, nobody covers"
    DRIFTED = "drifted", "Changed in Smartlead after we assigned"
    UNTOUCHED = "untouched", "Untouched"


# Untouched leads need no decision, and there may be very many.
COUNTED = [section for section in ReviewSection if section != ReviewSection.UNTOUCHED]


def leads_of(
    section: ReviewSection, *, user: User, at: datetime, days: int = UNTOUCHED_DAYS
) -> QuerySet[Lead]:
    """Return the present leads of a section that the user may move, in no order.

    `days`: how long a lead must be untouched for the section of that name.
    """
    leads = Lead.objects.present().filter(section_condition(section, at=at, days=days))
    return leads.filter(movable_by(user))


def movable_by(user: User) -> Q:
    """Return the condition for leads that the user may move.

    Of a sales manager all leads; of others their own and those of teams they lead, and
    with a team also leads that have no owner; of these, those that they see.
    """
    movable = access.movable_owner_ids(user)
    if movable is None:
        return Q()
    owned = Q(owner__in=[pk for pk in movable if pk is not None])
    if None in movable:
        owned |= without_owner()
    return owned & Sight.of(user).leads()


def without_owner() -> Q:
    """Return the condition for leads without an owner where Smartlead has told their
    owner; an unknown owner does not count.
    """
    return Q(owner=None, owner_known_at__isnull=False)


def section_condition(
    section: ReviewSection, *, at: datetime, days: int = UNTOUCHED_DAYS
) -> Q:
    """Return the condition of a section, whoever may move the leads.

    Combine it with `Lead.objects.present()`. All sections but OVERDUE and DRIFTED have
    open leads only; AWAY and DRIFTED have none with a pending change. `days`: without a
    mail of either side for so long, used by UNTOUCHED only.
    """
    match section:
        case ReviewSection.NOBODY:
            return is_open() & without_owner()
        case ReviewSection.INACTIVE:
            return is_open() & _owned_by(Member.objects.filter(is_active=False))
        case ReviewSection.UNKNOWN:
            return is_open() & _owned_by(unknown_members())
        case ReviewSection.AWAY:
            away = Coverage.objects.away_at(at).order_by().values("member")
            return is_open() & Q(owner__in=away) & _is_settled()
        case ReviewSection.UNTOUCHED:
            since = at - timedelta(days=days)
            return is_open() & Q(reply_order__lt=since, sent_order__lt=since)
        case ReviewSection.DRIFTED:
            return Q(pk__in=drifts(at).order_by().values("lead")) & _is_settled()
        case ReviewSection.OVERDUE:
            return overdue(at)


def unknown_members() -> QuerySet[Member]:
    """Return active members without a name who are known only as owners of leads."""
    return Member.objects.filter(source=Member.Source.ROWS, name="", is_active=True)


def _owned_by(members: QuerySet[Member]) -> Q:
    return Q(owner__in=members.order_by().values("pk"))


def _is_settled() -> Q:
    """Return the condition for leads without a pending change."""
    return ~Q(Exists(Assignment.objects.pending().filter(lead=OuterRef("pk"))))


def drifts(at: datetime) -> QuerySet[Assignment]:
    """Return changes seen in Smartlead that took a lead from the owner we had given it.

    Only if it is the lead's newest done change, finished in the last DRIFT_FOR and not
    accepted, and its new owner (or none) is not the one of our own newest done change.
    Leads that we never changed are left out.
    """
    done = Assignment.objects.filter(lead=OuterRef("lead"), state=State.DONE)
    later = done.filter(finished_at__gte=OuterRef("finished_at")).filter(
        Q(finished_at__gt=OuterRef("finished_at")) | Q(pk__gt=OuterRef("pk"))
    )
    seen = Assignment.objects.filter(
        cause=Cause.OUTSIDE, dismissed_at=None, finished_at__gte=at - DRIFT_FOR
    )
    newest = seen.filter(~Exists(later), Exists(_ours()))
    return newest.filter(Q(to=None) | ~Q(to=Subquery(_ours().values("to")[:1])))


def _ours() -> QuerySet[Assignment]:
    """Return, as a subquery, the done changes of a row's lead that were not made in
    Smartlead, newest first.
    """
    done = Assignment.objects.filter(lead=OuterRef("lead"), state=State.DONE)
    return done.exclude(cause=Cause.OUTSIDE).order_by("-finished_at", "-pk")


def ledger_owners(leads: Iterable[Lead], at: datetime) -> dict[int, int]:
    """Return, by lead id, the id of the member to whom we had given each drifted lead.

    Leads that have not drifted are left out.
    """
    rows = drifts(at).filter(lead__in=[lead.pk for lead in leads])
    target = Subquery(_ours().values("to")[:1])
    return dict(rows.annotate(target=target).values_list("lead", "target"))


@transaction.atomic
def accept_drift(*, lead: Lead, actor: User, at: datetime) -> None:
    """Set `dismissed_at` of the lead's drift: its owner stays, and it leaves the
    section.

    Raises NotAllowed unless `actor` is a team lead or sales manager who may move the
    lead, or Stale if there is nothing to accept any more.
    """
    lead = lock_lead(lead.pk)
    access.check_assign_many(actor)
    access.check_assign(actor, lead=lead, to=None)
    drift_ids = list(drifts(at).filter(lead=lead).values_list("pk", flat=True))
    if not Assignment.objects.filter(pk__in=drift_ids).update(dismissed_at=at):
        raise Stale(f"{lead} has moved on, or somebody has accepted it already.")


def waiting_count(user: User, *, at: datetime) -> int:
    """Return how many leads wait for the user: with an open suggestion, or in one of the
    COUNTED sections.

    A lead in two sections counts once. Stops counting at MOST_COUNTED + 1.
    """
    suggested = open_suggestions_for(user).order_by().values_list("lead", flat=True)
    found = set(suggested[: MOST_COUNTED + 1])
    for section in COUNTED:
        if len(found) > MOST_COUNTED:
            break
        leads = leads_of(section, user=user, at=at).order_by()
        found |= set(leads.values_list("pk", flat=True)[: MOST_COUNTED + 1])
    return min(len(found), MOST_COUNTED + 1)


def section_counts(
    user: User, *, at: datetime, days: int = UNTOUCHED_DAYS
) -> dict[ReviewSection, int]:
    """Return how many leads of each section the user may move, zeros too, in the order
    of the sections.
    """
    return {
        section: leads_of(section, user=user, at=at, days=days).order_by().count()
        for section in ReviewSection
    }
