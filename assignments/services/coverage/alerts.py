"""Coverages that wait for a person: proposals to confirm, and problems to resolve.

Each problem has the action that resolves it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from assignments.models import Coverage, CoveringMember, Hold, Lead, Team, User
from assignments.models.assignment import Assignment, Cause, State
from assignments.services import access
from assignments.services.absence_wording import first_day_away
from assignments.services.coverage import lifecycle
from assignments.services.sight import Sight

STATE = Coverage.State
TICKS_MISSED = timedelta(minutes=5)
RETURN_OVERDUE = timedelta(hours=2)


class CoverageRemedy(StrEnum):
    """The action that resolves a problem; pages offer it as a button."""

    RETRY = "retry"  # ledger.assign.retry_assignment(trouble.assignment)
    CHANGE_COVERER = "change_coverer"
    ACKNOWLEDGE = "acknowledge"
    LOOK = "look"  # nothing to press here: the system page says what is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageTrouble:
    """A problem of a coverage; `lead` and `assignment` are set for refused moves."""

    coverage: Coverage
    sentence: str
    remedy: CoverageRemedy
    # A key that stays the same while the problem lasts: people are notified once.
    topic: str
    lead: Lead | None = None
    assignment: Assignment | None = None
    # The member is back, and leads of theirs are not.
    is_overdue_return: bool = False

    @property
    def code(self) -> str:
        """Return the topic as outgoing webhooks name it: its words, without ids."""
        return "_".join(word for word in self.topic.split() if word.isalpha())


def to_confirm(user: User, *, at: datetime) -> QuerySet[Coverage]:
    """Return the proposals that `user` may confirm or decline, the soonest start first.

    Proposals whose end has passed are left out: the next tick cancels them. Member,
    team and proposer are joined. The badge of the rail counts these, and the coverage
    page lists them.
    """
    proposed = Coverage.objects.filter(state=STATE.PROPOSED, ends_at__gt=at)
    if not access.is_manager(user):
        led = user.leads_teams.all() if user.is_active else Team.objects.none()
        proposed = proposed.filter(member__team__in=led)
    joined = proposed.select_related("member__team", "created_by")
    return joined.order_by("starts_at", "pk")


def deciding_users(coverage: Coverage) -> QuerySet[User]:
    """Return the active users who may decide about a coverage, each once.

    Those are sales managers, superusers, and the leads of the absent member's team.
    """
    return User.objects.filter(_deciding(coverage), is_active=True).distinct()


def _deciding(coverage: Coverage) -> Q:
    managers = Q(is_sales_manager=True) | Q(is_superuser=True)
    team = coverage.member.team_id
    return managers | (Q(leads_teams=team) if team else Q(pk__in=()))


def troubles_for(user: User, at: datetime) -> list[CoverageTrouble]:
    """Return the problems of the coverages that `user` is responsible for.

    Those are all for a manager, for others those of the teams they lead and of their
    own member; refused moves only of leads that the user sees. In order: these, late
    ticks or returns, leads without a free coverer, deactivated coverers, then unread
    problems of coverages that are over. Proposals have none.
    """
    sight = Sight.of(user)
    found = _troubles(list(_visible_to(user, _coverages_to_check())), at)
    named = {trouble.lead.pk for trouble in found if trouble.lead}
    if sight.sees_all or not named:
        return found
    leads = Lead.objects.filter(sight.leads(), pk__in=named).order_by()
    seen = set(leads.values_list("pk", flat=True))
    return [one for one in found if one.lead is None or one.lead.pk in seen]


def all_troubles(at: datetime) -> list[CoverageTrouble]:
    """Return the problems of all coverages, in the order of `troubles_for`."""
    return _troubles(list(_coverages_to_check()), at)


def responsible_users(coverage: Coverage) -> QuerySet[User]:
    """Return the active users to whom `troubles_for` shows a coverage's problems.

    Those are sales managers, superusers, the leads of the absent member's team, and the
    member's own user; each once.
    """
    users = _deciding(coverage) | Q(pk=coverage.member.user_id)
    return User.objects.filter(users, is_active=True).distinct()


def _troubles(coverages: list[Coverage], at: datetime) -> list[CoverageTrouble]:
    if not coverages:
        return []
    return [
        *_refused(coverages),
        *_late(coverages, at),
        *_unplaced(coverages),
        *_deactivated_coverers(coverages),
        *_unread_after_end(coverages),
    ]


def _coverages_to_check() -> QuerySet[Coverage]:
    """Return the coverages that may have problems, with member and team joined.

    Those are scheduled, starting, active or returning ones; and unacknowledged ones
    that were cancelled because they were missed, or completed with a lead kept whose
    origin is inactive.
    """
    stranded = Hold.objects.filter(
        coverage=OuterRef("pk"),
        outcome=Hold.Outcome.KEPT,
        origin__is_active=False,
    )
    unread = Q(acknowledged_at=None) & (
        Q(state=STATE.CANCELLED, was_missed=True)
        | Q(state=STATE.COMPLETED) & Exists(stranded)
    )
    running = ~Q(state__in=(STATE.PROPOSED, STATE.COMPLETED, STATE.CANCELLED))
    return Coverage.objects.filter(running | unread).select_related("member__team")


def _visible_to(user: User, coverages: QuerySet[Coverage]) -> QuerySet[Coverage]:
    if access.is_manager(user):
        return coverages
    led = coverages.filter(member__team__team_leads=user)
    return coverages.filter(Q(member__user=user) | Q(pk__in=led.values("pk")))


def _refused(coverages: Iterable[Coverage]) -> Iterator[CoverageTrouble]:
    held = Hold.objects.standing().filter(
        coverage__in=coverages, move__state=State.REFUSED
    )
    for hold in held.select_related("coverage__member", "lead", "move__to"):
        move = hold.move
        if move is None:
            continue
        is_return = move.cause == Cause.COVERAGE_RETURN
        verb = "given back" if is_return else "handed over"
        yield CoverageTrouble(
            coverage=hold.coverage,
            lead=hold.lead,
            assignment=move,
            remedy=CoverageRemedy.RETRY,
            topic="return refused" if is_return else "start refused",
            sentence=f"{hold.lead} was not {verb} to {move.to}. {move.outcome}",
        )


def _late(coverages: Iterable[Coverage], at: datetime) -> Iterator[CoverageTrouble]:
    for coverage in coverages:
        if sentence := _late_sentence(coverage, at):
            yield CoverageTrouble(
                coverage=coverage,
                sentence=sentence,
                remedy=CoverageRemedy.LOOK,
                topic=f"late {coverage.state}",
                is_overdue_return=coverage.state in lifecycle.BEGUN
                and coverage.ends_at < at,
            )


def _late_sentence(coverage: Coverage, at: datetime) -> str | None:
    """Return the first of these problems as a sentence, else None.

    The start or end is more than 5 minutes past and the state has not changed; planning
    failed; or it has been returning for more than 2 hours.
    """
    long_ago, name = at - TICKS_MISSED, coverage.member
    if coverage.state == STATE.SCHEDULED and coverage.starts_at < long_ago:
        return f"The coverage of {name} is due and has not begun: no clock has ticked."
    if coverage.state in lifecycle.BEGUN and coverage.ends_at < long_ago:
        return f"The coverage of {name} is over and runs on: no clock has ticked."
    if coverage.failed_at:
        return f"The coverage of {name} could not be planned. The log says why."
    if coverage.returning_at and coverage.returning_at < at - RETURN_OVERDUE:
        return f"Leads of {name} are still not back. See what is in the way."
    return None


def _unplaced(coverages: Iterable[Coverage]) -> Iterator[CoverageTrouble]:
    for coverage in coverages:
        if coverage.unplaced and coverage.state in lifecycle.BEGUN:
            count = coverage.unplaced
            leads = "1 lead" if count == 1 else f"{count:,} leads"
            yield CoverageTrouble(
                coverage=coverage,
                remedy=CoverageRemedy.CHANGE_COVERER,
                topic="nobody free",
                sentence=f"Nobody is free to cover {leads} of {coverage.member}.",
            )


def _deactivated_coverers(coverages: Iterable[Coverage]) -> Iterator[CoverageTrouble]:
    lost = CoveringMember.objects.filter(
        coverage__in=[coverage for coverage in coverages if not coverage.is_over],
        member__is_active=False,
        replaced_at=None,
    )
    for coverer in lost.select_related("coverage__member", "member"):
        away = coverer.coverage.member
        yield CoverageTrouble(
            coverage=coverer.coverage,
            remedy=CoverageRemedy.CHANGE_COVERER,
            topic=f"coverer lost {coverer.member_id}",
            sentence=(
                f"{coverer.member} has been deactivated and covers for {away}. Choose "
                "somebody else."
            ),
        )


def _unread_after_end(coverages: Iterable[Coverage]) -> Iterator[CoverageTrouble]:
    """Yield one problem for each cancelled or completed coverage, none for others.

    Of a cancelled one it gives the reason, of a completed one that coverers keep the
    leads.
    """
    for coverage in coverages:
        if coverage.state == STATE.CANCELLED:
            first = first_day_away(coverage, timezone.get_current_timezone())
            yield CoverageTrouble(
                coverage=coverage,
                remedy=CoverageRemedy.ACKNOWLEDGE,
                topic="missed",
                sentence=f"{coverage.member}, from {first}: {coverage.cancelled_why}",
            )
        elif coverage.state == STATE.COMPLETED:
            yield CoverageTrouble(
                coverage=coverage,
                remedy=CoverageRemedy.ACKNOWLEDGE,
                topic="kept",
                sentence=(
                    f"{coverage.member} has been deactivated: covering members keep "
                    "the leads."
                ),
            )
