"""Choice of a member by a routing rule: never one who is away or at their cap."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from assignments.models import Coverage, Member, Rotation, RotationTurn, Suggestion
from assignments.models.plan import StrategyKind
from assignments.services.absences import absences_at
from assignments.services.bulk import open_leads
from assignments.services.bulk.allocation import away_until, newest_assignment_ids
from assignments.services.bulk.strategies import (
    ByTable,
    LeadToAssign,
    LeastBusy,
    LoadTally,
    MemberChoice,
    OnlyMember,
    PoolMember,
    RoundRobin,
    Strategy,
    WeightedTurns,
    lowest_cap,
)
from assignments.services.routing.data import RoutedLead, RuleData, RulePoolMember


@dataclass(slots=True, kw_only=True)
class RoutingContext:
    """Members, absences, loads and rotations, updated with each decision."""

    members: Mapping[int, Member]
    away: Mapping[int, Coverage]
    tally: LoadTally
    turns: dict[int, WeightedTurns] = field(default_factory=dict)
    # Saved state of the rotations by name; missing ones start anew.
    ahead: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    _strategies: dict[tuple[int, frozenset[int]], Strategy] = field(
        default_factory=dict
    )

    def turns_of(self, rule: RuleData) -> WeightedTurns:
        """Return the rule's rotation, kept in `turns`.

        The first call makes it from the saved positions, or empty without any. It moves
        on in memory only, until `save_turns`.
        """
        if rule.pk not in self.turns:
            self.turns[rule.pk] = WeightedTurns(
                dict(self.ahead.get(rotation_name(rule.pk), {}))
            )
        return self.turns[rule.pk]

    def strategy_of(self, rule: RuleData) -> Strategy:
        """Return the rule's strategy, cached by the rule and the set of members who are
        away.
        """
        # The absences differ from lead to lead when the past is replayed.
        key = (rule.pk, frozenset(self.away))
        if key not in self._strategies:
            self._strategies[key] = _strategy(rule, self)
        return self._strategies[key]


def routing_context(at: datetime) -> RoutingContext:
    """Return the context of the moment `at`, read from the database.

    It has all members, the absences at `at`, open leads by member, the newest
    assignment of each and the saved rotations. An open suggestion counts as an open
    lead of the member it names, or all would name the same one.
    """
    counts = open_leads.open_lead_counts()
    counts.update(Suggestion.objects.open().values_list("member", flat=True))
    return RoutingContext(
        members={member.pk: member for member in Member.objects.all()},
        away=absences_at(at),
        tally=LoadTally(loads=counts, last=newest_assignment_ids()),
        ahead=saved_turns(),
    )


def saved_turns() -> dict[str, dict[int, int]]:
    """Return the positions of the rules' rotations: by rotation, then by member id."""
    turns: dict[str, dict[int, int]] = defaultdict(dict)
    known = RotationTurn.objects.filter(rotation__name__startswith=rotation_name(""))
    for rotation, member, ahead in known.values_list("rotation", "member", "ahead"):
        turns[rotation][member] = ahead
    return turns


def choose_member(
    rule: RuleData, lead: RoutedLead, context: RoutingContext
) -> MemberChoice:
    """Return the rule's choice for the lead, with its reason; `member_id` None for
    nobody.

    In the context the load of an open lead goes from its owner to the chosen member,
    and a rotation that was used moves on; for nobody all stays. Nothing is written to
    the database.
    """
    strategy, tally = context.strategy_of(rule), context.tally
    keys = lead.keys(rule.table.source, by_id=False) if rule.table else ()
    tally.lift(lead.owner_id, is_open=lead.is_open)
    wanted = LeadToAssign(keys, lead.owner_id, lead.is_open)
    choice = strategy.choose(wanted, tally)
    if choice.member_id is None:
        tally.put_back(lead.owner_id, is_open=lead.is_open)
    else:
        tally.give(choice.member_id, is_open=lead.is_open)
    return choice


def save_turns(context: RoutingContext) -> None:
    """Write the positions of every rotation that has given a lead in this context.

    Rotations that gave none are left out; missing rows are created. The caller holds
    the routing lock.
    """
    for rule_id, turns in sorted(context.turns.items()):
        if not turns.given:
            continue
        name = rotation_name(rule_id)
        Rotation.objects.get_or_create(pk=name)
        RotationTurn.objects.bulk_create(
            [
                RotationTurn(rotation_id=name, member_id=pk, ahead=ahead)
                for pk, ahead in turns.ahead.items()
            ],
            update_conflicts=True,
            unique_fields=["rotation", "member"],
            update_fields=["ahead"],
        )


def rotation_name(rule_id: int | str) -> str:
    return f"rule-{rule_id}"


def _strategy(rule: RuleData, context: RoutingContext) -> Strategy:
    pool = [pool_member(entry, context) for entry in rule.pool]
    match rule.strategy:
        case StrategyKind.MEMBER if pool:
            return OnlyMember(pool[0])
        case StrategyKind.LEAST_BUSY:
            return LeastBusy(pool)
        case StrategyKind.TERRITORY | StrategyKind.EXPERTISE if rule.table:
            named = {
                key: [
                    pool_member(RulePoolMember(member_id=pk), context) for pk in members
                ]
                for key, members in rule.table.lines.items()
            }
            turns = context.turns_of(rule)
            default = LeastBusy(pool) if pool else None
            return ByTable(rule.table.kind, named, rule.table.shown, turns, default)
        case _:
            return RoundRobin(pool, context.turns_of(rule))


def pool_member(entry: RulePoolMember, context: RoutingContext) -> PoolMember:
    """Return a rule's pool entry with the member's name, cap and availability.

    `cap` is the lower one of the entry's cap and the member's capacity, None without
    either. `why_not` is "deactivated", "away until …" or "". Raises KeyError if the
    context does not have the member.
    """
    member = context.members[entry.member_id]
    return PoolMember(
        id=member.pk,
        name=f"{member}",
        weight=entry.weight,
        cap=lowest_cap(entry.cap, member.capacity),
        why_not=_why_not(member, context),
    )


def _why_not(member: Member, context: RoutingContext) -> str:
    """Return "deactivated", or words such as "away until Fri 15 May"; "" if they are
    neither. Caps are not looked at.
    """
    if not member.is_active:
        return "deactivated"
    coverage = context.away.get(member.pk)
    return away_until(coverage) if coverage else ""
