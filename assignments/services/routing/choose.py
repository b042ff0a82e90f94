"""Whom a rule chooses: the strategies, never anybody who is away or full."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from assignments.models import Coverage, Member, Rotation, Suggestion, Turn
from assignments.models.plan import StrategyKind
from assignments.services.absences import away_now
from assignments.services.bulk import open_leads
from assignments.services.bulk.allocation import away_until, last_given
from assignments.services.bulk.strategies import (
    Choice,
    LeastBusy,
    Mapped,
    Offer,
    PoolMember,
    RoundRobin,
    Strategy,
    Tally,
    Turns,
    divide,
    lower_of,
    nobody,
    told,
)
from assignments.services.routing.data import LeadFacts, RuleFacts, Seat


@dataclass(frozen=True, slots=True)
class TheOne:
    """The one member of a rule, as long as they can be given leads."""

    member: PoolMember

    def choose(self, lead: Offer, tally: Tally) -> Choice:
        free, passed = divide([self.member], tally)
        if not free:
            return Choice(None, nobody(passed))
        return Choice(self.member.id, told(f"{self.member.name}: the rule's only", ""))


@dataclass(slots=True, kw_only=True)
class Office:
    """Who is there, how busy, and whose turn it is, as decisions are added up."""

    members: Mapping[int, Member]
    away: Mapping[int, Coverage]
    tally: Tally
    turns: dict[int, Turns] = field(default_factory=dict)
    # How far each rotation has come; without, they begin anew.
    ahead: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    _strategies: dict[tuple[int, frozenset[int]], Strategy] = field(
        default_factory=dict
    )

    def turns_of(self, rule: RuleFacts) -> Turns:
        if rule.pk not in self.turns:
            self.turns[rule.pk] = Turns(dict(self.ahead.get(rotation_of(rule.pk), {})))
        return self.turns[rule.pk]

    def strategy_of(self, rule: RuleFacts) -> Strategy:
        # The absences differ from lead to lead when the past is replayed.
        key = (rule.pk, frozenset(self.away))
        if key not in self._strategies:
            self._strategies[key] = _strategy(rule, self)
        return self._strategies[key]


def office_at(at: datetime) -> Office:
    """Open suggestions count as loads, else all of them would name the same member."""
    counts = open_leads.open_leads()
    counts.update(Suggestion.objects.open().values_list("member", flat=True))
    return Office(
        members={member.pk: member for member in Member.objects.all()},
        away=away_now(at),
        tally=Tally(loads=counts, last=last_given()),
        ahead=_all_turns(),
    )


def _all_turns() -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = defaultdict(dict)
    known = Turn.objects.filter(rotation__name__startswith=rotation_of(""))
    for rotation, member, ahead in known.values_list("rotation", "member", "ahead"):
        found[rotation][member] = ahead
    return found


def choose(rule: RuleFacts, lead: LeadFacts, office: Office) -> Choice:
    """Who gets the lead by this rule, counted at once; or nobody, and why."""
    strategy, tally = office.strategy_of(rule), office.tally
    keys = lead.keys(rule.table.looked, by_id=False) if rule.table else ()
    tally.lift(lead.owner_id, is_open=lead.is_open)
    choice = strategy.choose(Offer(keys, lead.owner_id), tally)
    if choice.member_id is None:
        tally.put_back(lead.owner_id, is_open=lead.is_open)
    else:
        tally.give(choice.member_id, is_open=lead.is_open)
    return choice


def keep_turns(office: Office) -> None:
    """Move the rotations on; the caller holds the lock of routing."""
    for rule_id, turns in sorted(office.turns.items()):
        if not turns.given:
            continue
        name = rotation_of(rule_id)
        Rotation.objects.get_or_create(pk=name)
        Turn.objects.bulk_create(
            [
                Turn(rotation_id=name, member_id=pk, ahead=ahead)
                for pk, ahead in turns.ahead.items()
            ],
            update_conflicts=True,
            unique_fields=["rotation", "member"],
            update_fields=["ahead"],
        )


def rotation_of(rule_id: int | str) -> str:
    return f"rule-{rule_id}"


def _strategy(rule: RuleFacts, office: Office) -> Strategy:
    pool = [candidate(seat, office) for seat in rule.pool]
    match rule.strategy:
        case StrategyKind.MEMBER if pool:
            return TheOne(pool[0])
        case StrategyKind.LEAST_BUSY:
            return LeastBusy(pool)
        case StrategyKind.TERRITORY | StrategyKind.EXPERTISE if rule.table:
            named = {
                key: _candidates(members, office)
                for key, members in rule.table.lines.items()
            }
            turns = office.turns_of(rule)
            default = LeastBusy(pool) if pool else None
            return Mapped(rule.table.kind, named, rule.table.shown, turns, default)
        case _:
            return RoundRobin(pool, office.turns_of(rule))


def _candidates(members: Sequence[int], office: Office) -> list[PoolMember]:
    return [candidate(Seat(member_id=pk), office) for pk in members]


def candidate(seat: Seat, office: Office) -> PoolMember:
    member = office.members[seat.member_id]
    return PoolMember(
        id=member.pk,
        name=f"{member}",
        weight=seat.weight,
        cap=lower_of(seat.cap, member.capacity),
        why_not=_why_not(member, office),
    )


def _why_not(member: Member, office: Office) -> str:
    if not member.is_active:
        return "deactivated"
    coverage = office.away.get(member.pk)
    return away_until(coverage) if coverage else ""
