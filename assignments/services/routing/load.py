"""Rules and leads read from the database, each with a fixed number of queries."""

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
    MappingLine,
    RoutingRule,
    RuleCondition,
)
from assignments.models.lookup_table import Mapping as Table
from assignments.models.plan import StrategyKind
from assignments.services.bulk.open_leads import closing_categories
from assignments.services.bulk.table_keys import THE_CLIENT
from assignments.services.routing.data import (
    Attribute,
    ConditionFacts,
    LeadFacts,
    Looked,
    RuleFacts,
    Seat,
    TableFacts,
    condition_key,
)
from assignments.visible_text import isolated

CAME_AT = Coalesce("last_reply_at", "first_seen_at")
BY_TABLE = (StrategyKind.TERRITORY, StrategyKind.EXPERTISE)
COLUMNS = (
    "pk", "came_at", "owner_id", "owner_known_at", "campaign_id", "campaign__name",
    "category_id", "category__name", "the_client", "location", "email",
    "custom_fields", "last_reply_at", "first_seen_at", "campaign__attributes_at",
)  # fmt: skip


def load_rules() -> list[RuleFacts]:
    """All that were not removed, in order, on or off."""
    kept = RoutingRule.objects.kept().select_related("table")
    rows = list(kept.prefetch_related("conditions", "pool"))
    names = names_of(one for row in rows for one in row.conditions.all())
    tables = load_tables({row.table for row in rows if row.table})
    return [_rule(row, names, tables) for row in rows]


def load_tables(tables: Iterable[Table]) -> dict[int, TableFacts]:
    known = {table.pk: table for table in tables}
    lines: dict[int, dict[str, list[int]]] = {pk: defaultdict(list) for pk in known}
    shown: dict[int, dict[str, str]] = {pk: {} for pk in known}
    found = MappingLine.objects.filter(mapping__in=known).order_by("key", "pk")
    columns = ("mapping", "key", "value", "member")
    for pk, key, value, member in found.values_list(*columns):
        lines[pk][key].append(member)
        shown[pk].setdefault(key, value)
    return {
        pk: TableFacts(
            name=table.name,
            kind=table.kind,
            looked=Looked(attribute=table.attribute, custom_field=table.custom_field),
            lines=dict(lines[pk]),
            shown=shown[pk],
        )
        for pk, table in known.items()
    }


type Names = dict[str, dict[str, str]]


def names_of(conditions: Iterable[RuleCondition]) -> Names:
    """The names of the campaigns and categories that conditions know by their id."""
    ids: dict[str, set[str]] = defaultdict(set)
    for one in conditions:
        ids[one.attribute].update(v for v in one.values if v.isdecimal())
    campaigns = Campaign.objects.filter(pk__in=ids[Attribute.CAMPAIGN])
    categories = Category.objects.filter(pk__in=ids[Attribute.CATEGORY])
    return {
        Attribute.CAMPAIGN: {str(one.pk): f"{one}" for one in campaigns},
        Attribute.CATEGORY: {str(one.pk): f"{one}" for one in categories},
    }


def condition_facts(
    attribute: str, custom_field: str, values: Iterable[str], names: Names
) -> ConditionFacts:
    known = names.get(attribute, {})
    return ConditionFacts(
        looked=Looked(attribute=attribute, custom_field=custom_field),
        values={
            condition_key(attribute, v): known.get(v) or isolated(v) for v in values
        },
    )


def _rule(row: RoutingRule, names: Names, tables: dict[int, TableFacts]) -> RuleFacts:
    conditions = row.conditions.all()
    return RuleFacts(
        pk=row.pk,
        name=row.name,
        mode=row.mode,
        whose=row.whose,
        since=row.since,
        conditions=tuple(
            condition_facts(one.attribute, one.custom_field, one.values, names)
            for one in conditions
        ),
        strategy=row.strategy,
        table=tables[row.table_id] if row.table_id else None,
        pool=tuple(
            Seat(member_id=one.member_id, weight=Fraction(one.weight), cap=one.cap)
            for one in row.pool.all()
        ),
        changed_at=row.changed_at,
    )


def lead_facts(leads: QuerySet[Lead]) -> Iterator[LeadFacts]:
    """In the order in which they came; read in one query, whatever their number."""
    closing = closing_categories()
    marked = leads.select_related(None).annotate(came_at=CAME_AT, the_client=THE_CLIENT)
    rows = marked.order_by("came_at", "map_id").values_list(*COLUMNS)
    for row in rows.iterator(chunk_size=2000):
        yield _lead(row, closing)


def _lead(row: tuple[Any, ...], closing: frozenset[int]) -> LeadFacts:
    pk, came_at, owner, known_at, campaign, campaign_name, category, *rest = row
    category_name, client, location, email, custom, replied_at, seen_at, read_at = rest
    return LeadFacts(
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


def came_since(leads: QuerySet[Lead], rules: Iterable[RuleFacts]) -> QuerySet[Lead]:
    """Without those that came before every rule began."""
    begins = [rule.since for rule in rules]
    known = [since for since in begins if since is not None]
    if not begins or len(known) < len(begins):
        return leads
    return leads.annotate(came=CAME_AT).filter(came__gte=min(known))


def without_owner_or_of(away: Iterable[int]) -> QuerySet[Lead]:
    unowned = Q(owner=None, owner_known_at__isnull=False)
    return Lead.objects.present().filter(unowned | Q(owner__in=list(away)))
