"""A replay of rules in tables: members with their counts, and the newest leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import cached_property

from assignments.models import Lead, Member
from assignments.services.routing.data import RuleFacts
from assignments.services.routing.replay import MOST, Replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A member's number of leads in a replay; member None is nobody."""

    member: Member | None
    would: int
    did: int

    @property
    def change(self) -> str:
        more = self.would - self.did
        return f"+{more:,}" if more > 0 else f"{more:,}".replace("-", "−")  # noqa: RUF001


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    lead: Lead
    to: Member | None
    owner: Member | None
    rule: str
    why: str

    @property
    def is_same(self) -> bool:
        return self.to is not None and self.to == self.owner


class ReplayTable:
    def __init__(self, replay: Replay, rules: Sequence[RuleFacts]) -> None:
        self.replay = replay
        self.rules = rules

    most = MOST

    @cached_property
    def _members(self) -> Mapping[int, Member]:
        return {member.pk: member for member in Member.objects.all()}

    @cached_property
    def counts(self) -> list[Count]:
        would, did = self.replay.would, self.replay.did
        found = [
            Count(
                member=self._members[pk] if pk is not None else None,
                would=would[pk],
                did=did[pk],
            )
            for pk in would.keys() | did.keys()
        ]
        return sorted(found, key=lambda one: (one.member is None, -one.would, -one.did))

    @cached_property
    def by_rule(self) -> list[tuple[RuleFacts, int]]:
        active = [rule for rule in self.rules if rule.mode != "off"]
        return [(rule, self.replay.by_rule[rule.pk]) for rule in active]

    @cached_property
    def lines(self) -> list[Line]:
        rows = self.replay.rows
        leads = Lead.objects.in_bulk([row.lead_id for row in rows])
        return [
            Line(
                lead=leads[row.lead_id],
                to=self._members.get(row.to_id or 0),
                owner=self._members.get(row.owner_id or 0),
                rule=row.rule,
                why=row.why,
            )
            for row in rows
            if row.lead_id in leads
        ]
