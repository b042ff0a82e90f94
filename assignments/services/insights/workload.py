"""Workload: the leads of each member now, in a fixed number of queries.

Each number is that of a list in the inbox (`dashboard.team.workload_table` names its
filter), so both use the same conditions.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from assignments.models import Assignment, Coverage, Hold, Lead, Member, Team
from assignments.services.absences import absences_at, absences_by_member
from assignments.services.bulk import open_leads
from assignments.services.insights.answers_due import overdue
from assignments.services.sight import EVERYTHING, Sight

AHEAD = timedelta(days=14)  # how far ahead the next absence is looked for


@dataclass(frozen=True, slots=True)
class WaitingLead:
    """A lead that waits for our answer; `since` is the moment of its reply."""

    lead_id: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberWorkload:
    """Numbers of leads of one member, of nobody, or of all (`member` None)."""

    member: Member | None = None
    open: int = 0
    waiting: int = 0
    overdue: int = 0
    oldest: WaitingLead | None = None
    held: int = 0  # for members who are away
    coming: int = 0  # with a pending change to this member
    away: Coverage | None = None
    next_away: Coverage | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.open or self.waiting or self.held or self.coming)

    @property
    def share(self) -> float | None:
        """Return open leads as a fraction of the capacity (1.0: full); None without a
        member or capacity, or with 0.
        """
        if self.member is None or not self.member.capacity:
            return None
        return self.open / self.member.capacity


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Workload of members and in total."""

    members: list[MemberWorkload]
    total: MemberWorkload
    # Leads without an owner and of unknown owner; None for a single team.
    nobody: MemberWorkload | None = None
    unknown: MemberWorkload | None = None


def team_workload(
    *, at: datetime, team: Team | None = None, sight: Sight = EVERYTHING
) -> Workload:
    """Return the workload of a team's members, with `nobody` and `unknown` None.

    Only leads that are seen count, and members none of whose leads can be are left out.

    Without a team: of all members, of leads without an owner, and of leads whose owner
    Smartlead has never told. `total` is the sum of these lines.
    """
    members = _members(team, sight)
    lines = [
        line
        for line in _member_workloads(members, at, sight)
        if not line.is_empty or (line.member and sight.sees_leads_of(line.member.pk))
    ]
    if team is not None:
        return Workload(members=lines, total=_sum(lines))
    seen = sight.leads()
    nobody = _unowned(Q(owner_known_at__isnull=False) & seen, at)
    unknown = _unowned(Q(owner_known_at=None) & seen, at)
    total = _sum([*lines, nobody, unknown])
    return Workload(members=lines, nobody=nobody, unknown=unknown, total=total)


def _members(team: Team | None, sight: Sight) -> list[Member]:
    """Return the members of the team, or all without one.

    Each has the attributes `oldest`, the id of the lead that waits longest for them,
    and `oldest_since`, its reply; both None if none waits.
    """
    oldest = waiting_leads(sight).filter(owner=OuterRef("pk"))
    first = oldest.order_by("reply_order", "map_id")
    members = Member.objects.select_related("team", "user").annotate(
        oldest=Subquery(first.values("pk")[:1]),
        oldest_since=Subquery(first.values("reply_order")[:1]),
    )
    return list(members.filter(team=team) if team else members)


def waiting_leads(sight: Sight = EVERYTHING) -> QuerySet[Lead]:
    """Return present leads that are seen and wait for our answer, in no order."""
    return Lead.objects.present().filter(sight.leads()).waiting_on_us().order_by()


def _member_workloads(
    members: Sequence[Member], at: datetime, sight: Sight
) -> list[MemberWorkload]:
    ids = [member.pk for member in members]
    is_open = open_leads.owned_open_counts(sight.leads())
    held, coming = _held(sight), _coming(sight)
    owed, late = _owed(at, sight)
    away = absences_at(at)
    ahead = absences_by_member(ids, at, at + AHEAD)
    return [
        MemberWorkload(
            member=member,
            open=is_open[member.pk],
            waiting=owed[member.pk],
            overdue=late[member.pk],
            oldest=_oldest(member),
            held=held[member.pk],
            coming=coming[member.pk],
            away=away.get(member.pk),
            next_away=_next(ahead.get(member.pk, ()), away.get(member.pk)),
        )
        for member in members
    ]


def _owed(at: datetime, sight: Sight) -> tuple[Counter[int], Counter[int]]:
    """Return two counts by owner id: leads that wait for our answer, and those of them
    overdue.
    """
    rows = list(
        waiting_leads(sight)
        .filter(owner__isnull=False)
        .values_list("owner")
        .annotate(all=Count("owner"), late=Count("owner", filter=overdue(at)))
    )
    waiting = Counter({owner: count for owner, count, _ in rows})
    return waiting, Counter({owner: late for owner, _, late in rows})


def _held(sight: Sight) -> Counter[int]:
    """Return, by the id of the covering member, the number of present leads they own by
    a live hold.
    """
    seen = Hold.objects.live().filter(sight.leads("lead__"))
    held = seen.filter(lead__owner=F("to"), lead__gone_at=None)
    counts = held.order_by().values_list("to").annotate(Count("lead", distinct=True))
    return Counter(dict(counts))


def _coming(sight: Sight) -> Counter[int]:
    """Return, by member id, the number of present leads whose newest pending change
    goes to them.
    """
    seen = Assignment.objects.last_pending().filter(sight.leads("lead__"))
    rows = seen.filter(lead__gone_at=None).order_by()
    return Counter(dict(rows.values_list("to").annotate(Count("pk"))))


def _oldest(member: Member) -> WaitingLead | None:
    lead_id: int | None = getattr(member, "oldest", None)
    since: datetime | None = getattr(member, "oldest_since", None)
    return None if lead_id is None or since is None else WaitingLead(lead_id, since)


def _next(ahead: Iterable[Coverage], now: Coverage | None) -> Coverage | None:
    """Return the first of `ahead` that is not the absence `now`, or None."""
    return next((c for c in ahead if now is None or c.pk != now.pk), None)


def _unowned(known: Q, at: datetime) -> MemberWorkload:
    """Return the workload of present leads without an owner that meet `known`, with
    `member` None.
    """
    leads = Lead.objects.filter(known, owner=None, gone_at=None).order_by()
    owed = leads.filter(answer_owed=True)
    first = owed.order_by("reply_order", "map_id").values_list("pk", "reply_order")[:1]
    counts = owed.aggregate(
        waiting=Count("pk"), overdue=Count("pk", filter=overdue(at))
    )
    is_open = Lead.objects.filter(known, open_leads.is_open(), owner=None)
    return MemberWorkload(
        open=is_open.order_by().count(),
        oldest=next((WaitingLead(*row) for row in first), None),
        **counts,
    )


def _sum(lines: Sequence[MemberWorkload]) -> MemberWorkload:
    waiting = [line.oldest for line in lines if line.oldest]
    return MemberWorkload(
        open=sum(line.open for line in lines),
        waiting=sum(line.waiting for line in lines),
        overdue=sum(line.overdue for line in lines),
        oldest=min(waiting, key=lambda lead: lead.since, default=None),
        held=sum(line.held for line in lines),
        coming=sum(line.coming for line in lines),
    )
