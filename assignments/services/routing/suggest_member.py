"""Suggestion of a member for one lead that a person is about to give away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from assignments.models import Assignment, Lead, Member, Reply, Suggestion, User
from assignments.services.bulk.allocation import newest_assignment_ids
from assignments.services.bulk.member_options import MemberOption
from assignments.services.ledger.assign import AnyOwner, assign_lead
from assignments.services.locks import lock_lead
from assignments.services.periods import short_day
from assignments.services.routing.rule_proposal import RuleProposal, rule_proposal
from assignments.services.routing.suggestions import agreed_reason
from assignments.services.sight import EVERYTHING, Sight

State = Suggestion.State


@dataclass(frozen=True, slots=True)
class SuggestedMember:
    """A member who may take a lead now, and why: `why` follows the name and a colon.

    `reason` says the same as a whole sentence, for the ledger.
    """

    option: MemberOption
    why: str
    reason: str

    @property
    def member(self) -> Member:
        return self.option.member


def suggest_member(
    lead: Lead,
    options: Sequence[MemberOption],
    *,
    holder_id: int | None,
    sight: Sight = EVERYTHING,
) -> SuggestedMember | None:
    """Return the best of `options` for the lead, None if nobody is free. Writes nothing.

    In this order: an open suggestion of a rule; the member to whom a rule's table or a
    rule of one gives it; who answered or had this person last, then their company (by
    leads that are seen); a rule's turn; the fewest open leads. Never somebody away, full,
    inactive or nameless, the owner or `holder_id`, nor whom somebody has dismissed.
    """
    answered = _answered_suggestions(lead)
    dismissed = {row.member_id for row in answered if row.state == State.DISMISSED}
    kept_out = dismissed | {lead.owner_id, holder_id}
    free = {
        option.member.pk: option
        for option in options
        if option.is_free and option.member.name and option.member.pk not in kept_out
    }
    if not free or lead.gone_at:
        return None
    for row in answered:
        is_current = row.state == State.OPEN and row.owner_id == lead.owner_id
        if is_current and row.member_id in free:
            return SuggestedMember(free[row.member_id], row.reason, row.reason)
    by_rule = rule_proposal(lead, free)
    if by_rule and by_rule.is_theirs:
        return _of_rule(by_rule, free)
    if by_contact := _last_contact(lead, free, sight):
        return by_contact
    return _of_rule(by_rule, free) if by_rule else _fewest_open(lead, free)


def _answered_suggestions(lead: Lead) -> list[Suggestion]:
    """Return the open and the dismissed suggestions for the lead."""
    states = (State.OPEN, State.DISMISSED)
    return list(Suggestion.objects.filter(lead=lead, state__in=states))


def _suggested(option: MemberOption, why: str) -> SuggestedMember:
    return SuggestedMember(option, why, f"Suggested {option.member}: {why}.")


def _of_rule(
    proposal: RuleProposal, free: Mapping[int, MemberOption]
) -> SuggestedMember:
    return _suggested(free[proposal.member_id], proposal.why)


def _last_contact(
    lead: Lead, free: Mapping[int, MemberOption], sight: Sight
) -> SuggestedMember | None:
    """Return who of `free` answered this person last, or else had them as another lead
    last, or else a lead of the same company; None if nobody did.
    """
    seen = Lead.objects.present().filter(sight.leads())
    if lead.person_id is not None:
        answers = Reply.objects.filter(
            sight.leads("lead__"),
            lead__person_id=lead.person_id,
            answered_at__isnull=False,
            owner__in=list(free),
        )
        if answer := answers.order_by("-answered_at", "-pk").first():
            day = _day(answer.answered_at)
            option = free[answer.owner_id or 0]
            return _suggested(option, f"answered this person on {day}")
        same = seen.filter(person_id=lead.person_id)
        if other := _newest_of_free(same, lead, free):
            where = f", in {other.campaign}" if other.campaign else ""
            return _suggested(free[other.owner_id or 0], f"has this person too{where}")
    if lead.company:
        same = seen.filter(company=lead.company)
        if other := _newest_of_free(same, lead, free):
            why = f"has {other} of the same company"
            return _suggested(free[other.owner_id or 0], why)
    return None


def _day(at: datetime | None) -> str:
    """Return `Tue 12 May` in the present zone, with the year if it is another one."""
    local = timezone.localtime(at)
    year = "" if local.year == timezone.localtime().year else f" {local:%Y}"
    return f"{short_day(local)}{year}"


def _newest_of_free(
    leads: QuerySet[Lead], lead: Lead, free: Mapping[int, MemberOption]
) -> Lead | None:
    """Return the lead of a member of `free`, other than `lead`, that we wrote last."""
    theirs = leads.filter(owner__in=list(free)).exclude(pk=lead.pk)
    newest = theirs.select_related("campaign").order_by("-sent_order", "-map_id")
    return newest.first()


def _fewest_open(lead: Lead, free: Mapping[int, MemberOption]) -> SuggestedMember:
    """Return who of the owner's team has the fewest leads open or on the way to them, as
    their rows in the picker count them.

    Without somebody free in that team: of those who are in any team, or else of all.
    Among equals it is the one who has had no new lead for longest.
    """
    team = lead.owner.team if lead.owner else None
    mates = [o for o in free.values() if team and o.member.team_id == team.pk]
    in_teams = [o for o in free.values() if o.member.team_id is not None]
    pool = mates or in_teams or list(free.values())
    last = newest_assignment_ids()
    chosen = min(
        pool, key=lambda o: (o.shown_load, last.get(o.member.pk, 0), o.member.pk)
    )
    where = f" in {team}" if mates else ""
    if len(pool) == 1:
        return _suggested(chosen, f"the only one free{where}")
    coming = f" with {chosen.coming} on the way" if chosen.coming > 0 else ""
    capacity = chosen.member.capacity
    has = f"{chosen.open} of {capacity}" if capacity else f"{chosen.open}"
    return _suggested(chosen, f"fewest open{where}, {has}{coming}")


@transaction.atomic
def take_suggestion(
    *,
    lead: Lead,
    to: Member,
    reason: str,
    actor: User,
    at: datetime,
    expected: int | AnyOwner | None,
    note: str = "",
    until: Literal["good", "back"] = "good",
) -> Assignment:
    """Give the lead to the suggested member, as `assign_lead` does, for this `reason`.

    "<actor> agreed." is added. An open suggestion of a rule for that member becomes
    accepted. Raises what `assign_lead` raises, and then nothing is written.
    """
    lock_lead(lead.pk)
    suggested = Suggestion.objects.open().filter(lead=lead, member=to)
    suggested.update(state=State.ACCEPTED, decided_by=actor, decided_at=at)
    return assign_lead(
        lead=lead,
        to=to,
        actor=actor,
        at=at,
        expected=expected,
        note=note,
        until=until,
        reason=agreed_reason(reason, actor),
    )
