"""Reading of rules and leads from the database, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from assignments.models import (
    Campaign,
    Category,
    Lead,
    LookupEntry,
    RoutingRule,
    RuleCondition,
)
from assignments.models.lookup_table import LookupTable
from assignments.models.plan import StrategyKind
from assignments.services.bulk.open_leads import closing_category_ids
from assignments.services.routing.data import (
    Attribute,
    ConditionData,
    LeadAttribute,
    RoutedLead,
    RuleData,
    RulePoolMember,
    TableData,
    condition_key,
)
from assignments.services.sight import THE_CLIENT
from assignments.visible_text import isolated

CAME_AT = Coalesce("last_reply_at", "first_seen_at")
BY_TABLE = (StrategyKind.TERRITORY, StrategyKind.EXPERTISE)
COLUMNS = (
    "pk", "came_at", "owner_id", "owner_known_at", "campaign_id", "campaign__name",
    "category_id", "category__name", "the_client", "location", "email",
    "custom_fields", "last_reply_at", "first_seen_at", "campaign__attributes_at",
)  # fmt: skip


def load_rules() -> list[RuleData]:
    """Return all rules that were not removed, on or off, by position."""
    kept = RoutingRule.objects.kept().select_related("table")
    rows = list(kept.prefetch_related("conditions", "pool"))
    names = condition_names(c for row in rows for c in row.conditions.all())
    tables = load_tables({row.table for row in rows if row.table})
    return [_rule(row, names, tables) for row in rows]


def load_tables(tables: Iterable[LookupTable]) -> dict[int, TableData]:
    """Return the tables with their entries, by table id.

    The members of a key are in the order of their entries. The value to show for a key
    is that of its first entry.
    """
    known = {table.pk: table for table in tables}
    lines: dict[int, dict[str, list[int]]] = {pk: defaultdict(list) for pk in known}
    shown: dict[int, dict[str, str]] = {pk: {} for pk in known}
    entries = LookupEntry.objects.filter(mapping__in=known).order_by("key", "pk")
    columns = ("mapping", "key", "value", "member")
    for pk, key, value, member in entries.values_list(*columns):
        lines[pk][key].append(member)
        shown[pk].setdefault(key, value)
    return {
        pk: TableData(
            name=table.name,
            kind=table.kind,
            source=LeadAttribute(
                attribute=table.attribute, custom_field=table.custom_field
            ),
            lines=dict(lines[pk]),
            shown=shown[pk],
        )
        for pk, table in known.items()
    }


type ConditionNames = dict[str, dict[str, str]]


def condition_names(conditions: Iterable[RuleCondition]) -> ConditionNames:
    """Return the names of the campaigns and categories that the conditions name by id.

    By attribute (always these two), then by the id as text. Unknown ids are left out.
    """
    ids: dict[str, set[str]] = defaultdict(set)
    for condition in conditions:
        ids[condition.attribute].update(v for v in condition.values if v.isdecimal())
    campaigns = Campaign.objects.filter(pk__in=ids[Attribute.CAMPAIGN])
    categories = Category.objects.filter(pk__in=ids[Attribute.CATEGORY])
    return {
        Attribute.CAMPAIGN: {str(row.pk): f"{row}" for row in campaigns},
        Attribute.CATEGORY: {str(row.pk): f"{row}" for row in categories},
    }


def condition_data(
    attribute: str, custom_field: str, values: Iterable[str], names: ConditionNames
) -> ConditionData:
    """Return a condition that maps the key of each value (`condition_key`) to the text
    to show.

    That is the name in `names`, made by `condition_names`, or else the value itself.
    """
    known = names.get(attribute, {})
    return ConditionData(
        source=LeadAttribute(attribute=attribute, custom_field=custom_field),
        values={
            condition_key(attribute, v): known.get(v) or isolated(v) for v in values
        },
    )


def _rule(
    row: RoutingRule, names: ConditionNames, tables: dict[int, TableData]
) -> RuleData:
    conditions = row.conditions.all()
    return RuleData(
        pk=row.pk,
        name=row.name,
        mode=row.mode,
        whose=row.whose,
        since=row.since,
        conditions=tuple(
            condition_data(c.attribute, c.custom_field, c.values, names)
            for c in conditions
        ),
        strategy=row.strategy,
        table=tables[row.table_id] if row.table_id else None,
        pool=tuple(
            RulePoolMember(
                member_id=entry.member_id,
                weight=Fraction(entry.weight),
                cap=entry.cap,
            )
            for entry in row.pool.all()
        ),
        changed_at=row.changed_at,
    )


def load_leads(leads: QuerySet[Lead]) -> Iterator[RoutedLead]:
    """Yield the leads of the queryset in the order in which they came, then by id.

    A lead came with its last reply, or else when it was first seen.
    """
    closing = closing_category_ids()
    marked = leads.select_related(None).annotate(came_at=CAME_AT, the_client=THE_CLIENT)
    rows = marked.order_by("came_at", "map_id").values_list(*COLUMNS)
    for row in rows.iterator(chunk_size=2000):
        yield _lead(row, closing)


def _lead(row: tuple[Any, ...], closing: frozenset[int]) -> RoutedLead:
    pk, came_at, owner, known_at, campaign, campaign_name, category, *rest = row
    category_name, client, location, email, custom, replied_at, seen_at, read_at = rest
    return RoutedLead(
        map_id=pk,
        came_at=came_at,
        owner_id=owner,
        owner_is_known=known_at is not None,
        campaign_id=campaign,
        campaign_name=campaign_name or "",
        category_id=category,
        category_name=category_name or "",
        client_id=client,
        location=location,
        email=email,
        custom_fields=custom,
        has_replied=replied_at is not None,
        is_closed=category in closing,
        is_read=campaign is None or (read_at is not None and read_at >= seen_at),
    )


def covered_by_rules_since(
    leads: QuerySet[Lead], rules: Iterable[RuleData]
) -> QuerySet[Lead]:
    """Return the leads that came at or after the earliest `since` of the rules.

    All leads if there are no rules, or one of them has no `since`.
    """
    begins = [rule.since for rule in rules]
    known = [since for since in begins if since is not None]
    if not begins or len(known) < len(begins):
        return leads
    return leads.annotate(came=CAME_AT).filter(came__gte=min(known))


def routable_leads(away: Iterable[int]) -> QuerySet[Lead]:
    """Return present leads that have no owner, or one of `away` (member ids).

    Leads without an owner are left out if Smartlead has never told their owner.
    """
    unowned = Q(owner=None, owner_known_at__isnull=False)
    return Lead.objects.present().filter(unowned | Q(owner__in=list(away)))
