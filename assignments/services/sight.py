"""The leads that a user sees. Every page, count, export and message asks here.

See docs/sight.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from assignments.models import Account, Campaign, Hold, Lead, Member, User
from assignments.models.account import MembersSee
from assignments.services.errors import NotAllowed

# What is said of a lead that is not seen: the same as of one that does not exist.
NO_SUCH_LEAD = "There is no such lead."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The leads that one user sees, read once for many questions.

    `owners` are ids of members, `clients` ids of Smartlead's clients; None: no limit.
    """

    owners: frozenset[int] | None = None
    clients: frozenset[int] | None = None

    @classmethod
    def of(cls, user: User) -> "Sight":
        """Return the sight of a user; within `read_once` it is read a single time.

        Sales managers and superusers see all, without a query. A deactivated user sees
        nothing.
        """
        if user.is_manager:
            return cls()
        if not user.is_active:
            return cls(clients=frozenset())
        known = _known.get()
        if known is None:
            return _read(user)
        if user.pk not in known:
            known[user.pk] = _read(user)
        return known[user.pk]

    @property
    def sees_all(self) -> bool:
        return self.owners is None and self.clients is None

    def leads(self, prefix: str = "") -> Q:
        """Return the condition that a lead is seen; Q() for who sees all.

        `prefix` leads from the rows that are filtered to their lead: "lead__".
        """
        return self._of_owners(prefix) & self.of_clients(prefix)

    def members(self, prefix: str = "") -> Q:
        """Return the condition for members whose leads are seen; Q() for all of them."""
        return Q() if self.owners is None else Q(**{f"{prefix}pk__in": self.owners})

    def sees_leads_of(self, member_id: int | None) -> bool:
        return self.owners is None or member_id in self.owners

    def campaigns(self) -> Q:
        """Return the condition for campaigns that may be named: those of the clients."""
        return Q() if self.clients is None else Q(client_id__in=self.clients)

    def sees(self, map_id: int) -> bool:
        """Return whether this lead is seen; False also for one that does not exist.

        One query, or none for who sees all.
        """
        return self.sees_all or (
            Lead.objects.filter(self.leads(), pk=map_id).order_by().exists()
        )

    def _of_owners(self, prefix: str) -> Q:
        if self.owners is None:
            return Q()
        nobodys = Q(
            **{f"{prefix}owner": None, f"{prefix}owner_known_at__isnull": False}
        )
        theirs = Q(**{f"{prefix}owner__in": self.owners})
        covered = Hold.objects.live().filter(origin__in=self.owners).order_by()
        return theirs | nobodys | Q(**{f"{prefix}pk__in": covered.values("lead")})

    def of_clients(self, prefix: str = "") -> Q:
        """Return the condition on the client of the lead, or else of its campaign."""
        if self.clients is None:
            return Q()
        campaigns = Campaign.objects.filter(client_id__in=self.clients).order_by()
        return Q(**{f"{prefix}client_id__in": self.clients}) | Q(
            **{
                f"{prefix}client_id": None,
                f"{prefix}campaign__in": campaigns.values("pk"),
            }
        )


def check_sees(user: User, map_id: int) -> None:
    """Raise NotAllowed, as for a lead that does not exist, if the user does not see it."""
    if not Sight.of(user).sees(map_id):
        raise NotAllowed(NO_SUCH_LEAD)


# The client of a lead: its own, or else that of its campaign.
THE_CLIENT = Coalesce("client_id", "campaign__client_id")
# Of programs: they work for everybody.
EVERYTHING = Sight()


def visible_leads(user: User) -> QuerySet[Lead]:
    """Return the leads that this user sees, those that are gone among them."""
    return Lead.objects.filter(Sight.of(user).leads())


_known: ContextVar[dict[int, Sight] | None] = ContextVar("sights", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Keep each user's sight from its first reading on, for the time of one request."""
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def _read(user: User) -> Sight:
    limits = user.client_limits.order_by().values_list("client_id", flat=True)
    see = Account.objects.values_list("members_see", flat=True).first()
    return Sight(
        owners=_owners_seen(user, see or MembersSee.ALL),
        clients=frozenset(limits) or None,
    )


def _owners_seen(user: User, see: str) -> frozenset[int] | None:
    """Return the ids of the members whose leads `user` sees; None: of all.

    Who leads a team sees their teams' leads also where members see their own only.
    """
    if see == MembersSee.ALL:
        return None
    led = Q(team__team_leads=user)
    whose = led | Q(user=user)
    if see == MembersSee.TEAM or user.leads_teams.exists():
        whose |= Q(team__members__user=user)
    members = Member.objects.filter(whose).order_by().distinct()
    return frozenset(members.values_list("pk", flat=True))
