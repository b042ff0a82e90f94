"""A replay of rules in tables: members with their counts, and the newest leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import cached_property

from assignments.models import Lead, Member
from assignments.services.routing.data import RuleData
from assignments.services.routing.replay import MOST, Replay


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayCount:
    """A member's number of leads in a replay; member None is nobody."""

    member: Member | None
    would: int
    did: int

    @property
    def change(self) -> str:
        more = self.would - self.did
        return f"+{more:,}" if more > 0 else f"{more:,}".replace("-", "−")  # noqa: RUF001


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedLine:
    lead: Lead
    to: Member | None
    owner: Member | None
    rule: str
    why: str

    @property
    def is_same(self) -> bool:
        return self.to is not None and self.to == self.owner


class ReplayTable:
    def __init__(self, replay: Replay, rules: Sequence[RuleData]) -> None:
        self.replay = replay
        self.rules = rules

    @property
    def summary(self) -> str:
        """Return a sentence about the replay, and that nothing is assigned.

        `812 leads of the last 4 weeks, as if nobody had owned them.` After the weeks
        stands `(the newest 5,000 of them)` if the replay was cut.
        """
        total, weeks = self.replay.total, self.replay.weeks
        leads = f"{total:,} lead{'' if total == 1 else 's'}"
        span = f"{weeks} week{'' if weeks == 1 else 's'}"
        cut = f" (the newest {MOST:,} of them)" if self.replay.is_cut else ""
        return (
            f"{leads} of the last {span}{cut}, as if nobody had owned them. "
            "Nothing is assigned."
        )

    @cached_property
    def _members(self) -> Mapping[int, Member]:
        return {member.pk: member for member in Member.objects.all()}

    @cached_property
    def counts(self) -> list[ReplayCount]:
        would, did = self.replay.would, self.replay.did
        found = [
            ReplayCount(
                member=self._members[pk] if pk is not None else None,
                would=would[pk],
                did=did[pk],
            )
            for pk in would.keys() | did.keys()
        ]
        return sorted(found, key=lambda one: (one.member is None, -one.would, -one.did))

    @cached_property
    def by_rule(self) -> list[tuple[RuleData, int]]:
        active = [rule for rule in self.rules if rule.mode != "off"]
        return [(rule, self.replay.by_rule[rule.pk]) for rule in active]

    @cached_property
    def lines(self) -> list[ReplayedLine]:
        rows = self.replay.rows
        leads = Lead.objects.in_bulk([row.lead_id for row in rows])
        return [
            ReplayedLine(
                lead=leads[row.lead_id],
                to=self._members.get(row.to_id or 0),
                owner=self._members.get(row.owner_id or 0),
                rule=row.rule,
                why=row.why,
            )
            for row in rows
            if row.lead_id in leads
        ]
