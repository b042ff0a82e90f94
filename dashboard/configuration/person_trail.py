"""The trail of one login: what still hangs on it, what it did, and what was ended."""

from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.urls import reverse

from assignments.models import (
    AccessChange,
    Assignment,
    Batch,
    Coverage,
    CoverageEvent,
    Lead,
    Member,
    SavedPlan,
    SignInEvent,
    Team,
    User,
)
from assignments.services.people.deactivation import ended_in_words
from assignments.services.people.provider_sessions import is_linked
from assignments.services.sight import EVERYTHING
from dashboard.filters import count_of, most_counted
from dashboard.team.coverage_commitments import Ties, ties_of
from dashboard.team.routing_places import RoutingPlaces, routing_places_of

MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class AccessLine:
    """A change of the right to sign in, and what ended with it: "2 sessions" and so on."""

    change: AccessChange
    ended: str


@dataclass(frozen=True, slots=True)
class TrailLink:
    """A number of things, for display, and the page that lists them."""

    shown: str
    address: str

    def __bool__(self) -> bool:
        return self.shown != "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonTrail:
    """`member`, `ties` and `places` are None for a login without a member."""

    member: Member | None
    leads: TrailLink | None
    ties: Ties | None
    places: RoutingPlaces | None
    led: list[Team]
    batches: list[Batch]
    sign_ins: list[SignInEvent]
    decisions: TrailLink
    coverages: list[Coverage] = field(default_factory=list)
    access: list[AccessLine] = field(default_factory=list)

    @property
    def has_something(self) -> bool:
        return bool(self.leads or self.ties or self.places or self.led or self.batches)


def trail_of(user: User) -> PersonTrail:
    """Return the trail, the newest MOST_SHOWN of each list. Queries do not grow with
    what the person has or did.
    """
    member = Member.objects.filter(user=user).select_related("team", "user").first()
    places = routing_places_of(member) if member else None
    changes = AccessChange.objects.filter(user=user).select_related("actor")
    return PersonTrail(
        member=member,
        leads=_leads_of(member) if member else None,
        ties=ties_of(member, EVERYTHING) if member else None,
        places=places,
        led=[] if places else list(Team.objects.filter(team_leads=user)),
        batches=list(_batches_under_way(user)[:MOST_SHOWN]),
        sign_ins=list(
            SignInEvent.objects.filter(user=user).order_by("-at", "-pk")[:MOST_SHOWN]
        ),
        decisions=TrailLink(
            most_counted(count_of(Assignment.objects.filter(actor=user))),
            f"{reverse('history')}?actor={user.pk}",
        ),
        coverages=list(_coverages_acted_on(user)[:MOST_SHOWN]),
        access=[
            AccessLine(change, ended_in_words(change))
            for change in changes.order_by("-at", "-pk")[:MOST_SHOWN]
        ],
    )


def access_sentence(user: User) -> str:
    """Return what the newest change of the user's access did, for the one who made it."""
    change = AccessChange.objects.filter(user=user).order_by("-at", "-pk").first()
    if change is None or change.kind == AccessChange.Kind.ALLOWED:
        if is_linked(user):
            return (
                f"{user} may sign in again, with {settings.OIDC_NAME} at once. Nothing "
                "else that was ended comes back."
            )
        return (
            f"{user} may sign in again. Nothing that was ended comes back: make a new "
            "invitation link."
        )
    ended = ended_in_words(change)
    return (
        f"{user} is signed out and may not sign in any more. "
        f"{f'Ended: {ended}.' if ended else 'There was nothing else to end.'}"
    )


def _leads_of(member: Member) -> TrailLink:
    owned = Lead.objects.present().filter(owner=member)
    return TrailLink(
        most_counted(count_of(owned)), f"{reverse('inbox')}?owner={member.pk}"
    )


def _batches_under_way(user: User) -> QuerySet[Batch]:
    """Return batches that the user confirmed and of which some rows are still to be
    written or sent, newest first.
    """
    pending = Assignment.objects.pending().filter(actor=user, batch__isnull=False)
    unwritten = SavedPlan.objects.filter(
        actor=user, batch__isnull=False, written__lt=F("total"), cancelled_at=None
    )
    under_way = Q(pk__in=pending.order_by().values("batch")) | Q(
        pk__in=unwritten.order_by().values("batch")
    )
    return Batch.objects.filter(under_way, actor=user).order_by("-pk")


def _coverages_acted_on(user: User) -> QuerySet[Coverage]:
    """Return coverages that the user planned, confirmed or changed, newest first."""
    acted = CoverageEvent.objects.filter(actor=user).order_by().values("coverage")
    touched = Q(created_by=user) | Q(pk__in=acted)
    return Coverage.objects.filter(touched).select_related("member").order_by("-pk")
