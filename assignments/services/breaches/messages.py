"""Notifications of overdue answers: to owners, then to team leads or managers."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q

from assignments.models import Breach, Lead, Member, Team, User
from assignments.models.notification import NotificationKind
from assignments.services.notifications.notify import notify, notify_team, one_line
from assignments.services.periods import short_day
from assignments.services.sight import EVERYTHING, Sight
from assignments.services.sla.policy import SlaPolicy
from assignments.services.time_zones import zone_or_default

MOST_NAMED = 20  # leads in one message; its page shows them all


def notify_owners(
    breaches: Sequence[Breach],
    leads: Mapping[int, Lead],
    actions: Mapping[int, str],
    policy: SlaPolicy,
    *,
    at: datetime,
) -> None:
    """Send each active owner one notification about all of their breaches.

    `leads`: by id, with their owners now; leads without an owner, or with an inactive
    one, are left out. `actions`: words about what was done with a lead, by lead id,
    which are added to its line.
    """
    by_owner: dict[Member, list[Breach]] = defaultdict(list)
    for breach in breaches:
        owner = leads[breach.lead_id].owner
        if owner is not None and (owner.user or owner).is_active:
            by_owner[owner].append(breach)
    for owner, owned in _seen_by_readers(by_owner):
        zone = policy.calendar_of(owner.pk).zone
        first = leads[owned[0].lead_id]
        is_one = len(owned) == 1
        notify(
            owner,
            kind=NotificationKind.OVERDUE,
            key=f"overdue-{owned[0].pk}",
            subject=f"Your answer to {first} is overdue"
            if is_one
            else f"{len(owned)} of your answers are overdue",
            text=_text([(leads[b.lead_id], b) for b in owned], zone, actions),
            path="/inbox/?sla=overdue&owner=me",
            at=at,
        )
    _notify_teams(by_owner, at)


def _notify_teams(by_owner: Mapping[Member, Sequence[Breach]], at: datetime) -> None:
    """Tell the channels of each team how many answers of its members are overdue."""
    by_team: dict[int | None, list[Breach]] = defaultdict(list)
    for owner, owned in by_owner.items():
        by_team[owner.team_id] += owned
    teams = Team.objects.filter(pk__in=[pk for pk in by_team if pk])
    for team in teams.filter(chat_channels__isnull=False).distinct():
        breaches = by_team[team.pk]
        count = len(breaches)
        notify_team(
            team.pk,
            kind=NotificationKind.OVERDUE,
            key=f"overdue-{breaches[0].pk}",
            subject=f"{count} {'answer' if count == 1 else 'answers'} of {team} "
            f"{'is' if count == 1 else 'are'} overdue",
            path="/inbox/?sla=overdue",
            at=at,
        )


def notify_team_leads(breaches: Sequence[Breach], *, at: datetime) -> None:
    """Send each recipient one notification about all of their breaches.

    Recipients of a breach are the active leads of the team of its owner (as recorded),
    except the owner; without such a lead, team or owner all active sales managers and
    superusers.
    """
    by_user: dict[User, list[Breach]] = defaultdict(list)
    recipients = _Recipients()
    for breach in breaches:
        for user in recipients.of(breach.owner):
            by_user[user].append(breach)
    for user, theirs in _seen_by_readers(by_user):
        zone = zone_or_default(user.time_zone)
        notify(
            user,
            kind=NotificationKind.OVERDUE,
            key=f"still-overdue-{theirs[0].pk}",
            subject=_escalation_subject(theirs),
            text=_text([(b.lead, b) for b in theirs], zone, {}),
            path=_inbox_path({b.lead.owner_id for b in theirs}),
            at=at,
        )


def _seen_by_readers[Reader: User | Member](
    breaches: Mapping[Reader, Sequence[Breach]],
) -> Iterator[tuple[Reader, list[Breach]]]:
    """Yield each reader with the breaches of leads that they see, without empty ones.

    A member without a login sees all.
    """
    for reader, theirs in breaches.items():
        user = reader.user if isinstance(reader, Member) else reader
        sight = Sight.of(user) if user else EVERYTHING
        ids = {breach.lead_id for breach in theirs}
        if not sight.sees_all:
            leads = Lead.objects.filter(sight.leads(), pk__in=ids).order_by()
            ids = set(leads.values_list("pk", flat=True))
        if seen := [breach for breach in theirs if breach.lead_id in ids]:
            yield reader, seen


class _Recipients:
    """Active team leads and sales managers, read once for a tick."""

    def __init__(self) -> None:
        leading = User.objects.filter(leads_teams__isnull=False, is_active=True)
        self._by_team: dict[int, list[User]] = defaultdict(list)
        for user in leading.distinct().prefetch_related("leads_teams").order_by("pk"):
            for team in user.leads_teams.all():
                self._by_team[team.pk].append(user)
        managers = Q(is_sales_manager=True) | Q(is_superuser=True)
        self._managers = list(User.objects.filter(managers, is_active=True))

    def of(self, owner: Member | None) -> Collection[User]:
        """Return the active leads of the owner's team, except the owner; all active
        sales managers and superusers without such a lead, team or owner.
        """
        if owner is None or owner.team_id is None:
            return self._managers
        led = self._by_team[owner.team_id]
        return [user for user in led if user.pk != owner.user_id] or self._managers


def _escalation_subject(breaches: Sequence[Breach]) -> str:
    owners = list(dict.fromkeys(f"{b.lead.owner or 'nobody'}" for b in breaches))
    whose = " and ".join(owners) if len(owners) < 3 else f"{len(owners)} owners"
    if len(breaches) == 1:
        return f"The answer to {breaches[0].lead} is still overdue, with {whose}"
    return f"{len(breaches)} answers are still overdue, with {whose}"


def _inbox_path(owners: set[int | None]) -> str:
    """Return the path of the inbox's overdue leads, filtered by the owner if there is
    only one ("nobody" for None). `owners` is not empty.
    """
    path = "/inbox/?sla=overdue"
    if len(owners) > 1:
        return path
    (owner,) = owners
    return f"{path}&owner={owner or 'nobody'}"


def _text(
    overdue: Sequence[tuple[Lead, Breach]], zone: ZoneInfo, actions: Mapping[int, str]
) -> str:
    """Return a line "<lead>: due <day>, <time>" for each of the first MOST_NAMED leads,
    with its action if there is one, and at the end "and <count> more" if there are
    more.
    """
    lines = [
        f"{_lead_name(lead)}: due {_moment(breach.due_at.astimezone(zone))}"
        + (f", {actions[lead.pk]}" if lead.pk in actions else "")
        for lead, breach in overdue[:MOST_NAMED]
    ]
    if (more := len(overdue) - MOST_NAMED) > 0:
        lines.append(f"and {more} more")
    return "\n".join(lines)


def _moment(local: datetime) -> str:
    return f"{short_day(local)}, {local:%H:%M}"


def _lead_name(lead: Lead) -> str:
    return one_line(f"{lead} ({lead.company})" if lead.company else f"{lead}")
