"""Routing rules and leads as plain values, so that matching needs no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

from assignments.models import RoutingRule
from assignments.models.lookup_table import LookupTable
from assignments.models.plan import StrategyKind
from assignments.services.bulk.table_keys import lead_keys, normalized_key

Attribute = LookupTable.Attribute
Mode = RoutingRule.Mode
Whose = RoutingRule.Whose
BY_ID = (Attribute.CAMPAIGN, Attribute.CATEGORY, Attribute.CLIENT)
# Only a campaign's list of leads has these; it is read now and then.
FROM_CAMPAIGN = (Attribute.LOCATION, Attribute.CUSTOM)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadAttribute:
    """An attribute of a lead; `custom_field` names a custom one."""

    attribute: str
    custom_field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionData:
    """A condition of a rule: the attribute is one of some values."""

    source: LeadAttribute
    # The values to show, by the key that a lead is compared with.
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePoolMember:
    """A member in the pool of a rule; `cap`: the most open leads (None: no limit)."""

    member_id: int
    weight: Fraction = Fraction(1)
    cap: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableData:
    """A lookup table: member ids (`lines`) and the value to show, both by key."""

    name: str
    kind: str
    source: LeadAttribute
    lines: Mapping[str, Sequence[int]]
    shown: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleData:
    """A routing rule with its conditions, strategy and pool."""

    pk: int
    name: str
    mode: str = Mode.ON
    whose: str = Whose.NOBODYS
    since: datetime | None = None
    conditions: tuple[ConditionData, ...] = ()
    strategy: str = StrategyKind.ROUND_ROBIN
    table: TableData | None = None
    pool: tuple[RulePoolMember, ...] = ()
    changed_at: datetime | None = None

    @property
    def members(self) -> frozenset[int]:
        """Return the ids of the members in the pool and in all entries of the table."""
        entries = self.table.lines.values() if self.table else ()
        named = {member_id for member_ids in entries for member_id in member_ids}
        return frozenset(named | {entry.member_id for entry in self.pool})


@dataclass(slots=True, kw_only=True)
class RoutedLead:
    """A lead as rules see it; `came_at` is its last reply, or else when it was seen."""

    map_id: int
    came_at: datetime
    owner_id: int | None = None
    owner_is_known: bool = True
    campaign_id: int | None = None
    campaign_name: str = ""
    category_id: int | None = None
    category_name: str = ""
    client_id: int | None = None
    location: str = ""
    email: str = ""
    custom_fields: Any = None
    has_replied: bool = True
    is_closed: bool = False
    # Whether the attributes that only the campaign has were read.
    is_read: bool = True
    _keys: dict[LeadAttribute, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.has_replied and not self.is_closed

    def keys(self, source: LeadAttribute, *, by_id: bool) -> tuple[str, ...]:
        """Return the keys of an attribute of this lead, the closest first; () without a
        value.

        With `by_id` (conditions) the one key of a campaign, category or client is its
        id as text. Without (lookup tables) it is made of the name, of a client still of
        the id. Other attributes do not depend on `by_id`.
        """
        if by_id and source.attribute in BY_ID:
            value = self._id_of(source.attribute)
            return () if value is None else (str(value),)
        if source not in self._keys:
            self._keys[source] = lead_keys(source, self._value_of(source.attribute))
        return self._keys[source]

    def _id_of(self, attribute: str) -> int | None:
        match attribute:
            case Attribute.CAMPAIGN:
                return self.campaign_id
            case Attribute.CATEGORY:
                return self.category_id
            case _:
                return self.client_id

    def _value_of(self, attribute: str) -> Any:
        match attribute:
            case Attribute.LOCATION:
                return self.location or None
            case Attribute.CAMPAIGN:
                return self.campaign_name or None
            case Attribute.CATEGORY:
                return self.category_name or None
            case Attribute.CLIENT:
                return self.client_id
            case Attribute.CUSTOM:
                return self.custom_fields
            case _:
                return self.email or None


def condition_key(attribute: str, value: str) -> str:
    """Return the key that a value typed into a condition is compared by.

    A campaign, category or client: the stripped text, which is an id. Else
    `normalized_key` of it, for the domain of an e-mail of the part behind the last @.
    """
    text = str(value).strip()
    if attribute == Attribute.EMAIL_DOMAIN:
        text = text.rpartition("@")[2]
    return text if attribute in BY_ID else normalized_key(text)
