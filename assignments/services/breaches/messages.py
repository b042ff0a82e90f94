"""Who is told of overdue answers, and in which words: one message for many leads."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q

from assignments.models import Breach, Lead, Member, User
from assignments.models.notification import Kind
from assignments.services.notifications.notify import one_line, tell
from assignments.services.periods import short_day
from assignments.services.sla.policy import Book
from assignments.services.time_zones import zone_named

MOST_NAMED = 20  # leads in one message; its page shows them all


def tell_owners(
    breaches: Sequence[Breach],
    leads: Mapping[int, Lead],
    mended: Mapping[int, str],
    book: Book,
    *,
    at: datetime,
) -> None:
    """Each owner of theirs. `mended`: what was done with a lead beside telling."""
    by_owner: dict[Member, list[Breach]] = defaultdict(list)
    for breach in breaches:
        owner = leads[breach.lead_id].owner
        if owner is not None and (owner.user or owner).is_active:
            by_owner[owner].append(breach)
    for owner, some in by_owner.items():
        zone = book.calendar_of(owner.pk).zone
        first = leads[some[0].lead_id]
        is_one = len(some) == 1
        tell(
            owner,
            kind=Kind.OVERDUE,
            key=f"overdue-{some[0].pk}",
            subject=f"Your answer to {first} is overdue"
            if is_one
            else f"{len(some)} of your answers are overdue",
            text=_lines([(leads[one.lead_id], one) for one in some], zone, mended),
            path="/inbox/?sla=overdue&owner=me",
            at=at,
        )


def tell_leaders(breaches: Sequence[Breach], *, at: datetime) -> None:
    """Team leads of who let it slip; where there is none, the sales managers."""
    by_user: dict[User, list[Breach]] = defaultdict(list)
    leaders = _Leaders()
    for breach in breaches:
        for user in leaders.of(breach.owner):
            by_user[user].append(breach)
    for user, some in by_user.items():
        zone = zone_named(user.time_zone)
        tell(
            user,
            kind=Kind.OVERDUE,
            key=f"still-overdue-{some[0].pk}",
            subject=_still(some),
            text=_lines([(one.lead, one) for one in some], zone, {}),
            path=_where({one.lead.owner_id for one in some}),
            at=at,
        )


class _Leaders:
    """Whom to tell, read once for a tick."""

    def __init__(self) -> None:
        leading = User.objects.filter(leads_teams__isnull=False, is_active=True)
        self._by_team: dict[int, list[User]] = defaultdict(list)
        for user in leading.distinct().prefetch_related("leads_teams").order_by("pk"):
            for team in user.leads_teams.all():
                self._by_team[team.pk].append(user)
        managers = Q(is_sales_manager=True) | Q(is_superuser=True)
        self._managers = list(User.objects.filter(managers, is_active=True))

    def of(self, owner: Member | None) -> Collection[User]:
        """Nobody leads themselves."""
        if owner is None or owner.team_id is None:
            return self._managers
        led = self._by_team[owner.team_id]
        return [user for user in led if user.pk != owner.user_id] or self._managers


def _still(breaches: Sequence[Breach]) -> str:
    owners = list(dict.fromkeys(f"{one.lead.owner or 'nobody'}" for one in breaches))
    whose = " and ".join(owners) if len(owners) < 3 else f"{len(owners)} owners"
    if len(breaches) == 1:
        return f"The answer to {breaches[0].lead} is still overdue, with {whose}"
    return f"{len(breaches)} answers are still overdue, with {whose}"


def _where(owners: set[int | None]) -> str:
    """The inbox, with the leads of this one owner if it is one."""
    path = "/inbox/?sla=overdue"
    if len(owners) > 1:
        return path
    (owner,) = owners
    return f"{path}&owner={owner or 'nobody'}"


def _lines(
    overdue: Sequence[tuple[Lead, Breach]], zone: ZoneInfo, mended: Mapping[int, str]
) -> str:
    lines = [
        f"{_named(lead)}: due {_moment(breach.due_at.astimezone(zone))}"
        + (f", {mended[lead.pk]}" if lead.pk in mended else "")
        for lead, breach in overdue[:MOST_NAMED]
    ]
    if more := len(overdue) - MOST_NAMED:
        lines += [f"and {more} more"] if more > 0 else []
    return "\n".join(lines)


def _moment(local: datetime) -> str:
    return f"{short_day(local)}, {local:%H:%M}"


def _named(lead: Lead) -> str:
    return one_line(f"{lead} ({lead.company})" if lead.company else f"{lead}")
