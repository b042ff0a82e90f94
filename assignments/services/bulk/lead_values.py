"""Values that the leads have in an attribute, as suggestions for tables and rules."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from assignments.models import Lead, LookupTable
from assignments.services.bulk.table_keys import (
    COLUMNS,
    Attribute,
    HasAttribute,
    custom_value,
    lead_keys,
    normalized_key,
)
from assignments.services.sight import THE_CLIENT

MOST_LEADS = 2_000  # the open leads that replied last; a suggestion needs no more
MOST_SUGGESTED = 12
MOST_FIELDS = 5
LONGEST_SUGGESTED = 60  # characters; longer values are sentences, not territories


@dataclass(frozen=True, slots=True)
class LeadValue:
    """A value, and how many of the leads that were looked at have it."""

    text: str
    leads: int


@dataclass(frozen=True, slots=True)
class _CustomField:
    attribute: str
    custom_field: str


def common_values(
    source: HasAttribute, *, without: frozenset[str] = frozenset()
) -> list[LeadValue]:
    """Return up to MOST_SUGGESTED values of an attribute, the most frequent first.

    Counted in the MOST_LEADS open leads that replied last. Of a place each part
    between commas counts, of an e-mail its domain or its endings. `without`: keys, as
    `normalized_key` makes them, that are left out. One query.
    """
    counts: Counter[str] = Counter()
    texts: dict[str, str] = {}
    for value in _column(COLUMNS[Attribute(source.attribute)]):
        for key in dict.fromkeys(lead_keys(source, value)):
            if key and key not in without and len(key) <= LONGEST_SUGGESTED:
                counts[key] += 1
                texts.setdefault(key, _text(source, value, key))
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [LeadValue(texts[key], count) for key, count in ranked[:MOST_SUGGESTED]]


def unknown_values(table: LookupTable) -> list[LeadValue]:
    """Return the most frequent values that lead to nobody in the table, see
    `common_values`. Two queries.
    """
    known = frozenset(table.lines.order_by().values_list("key", flat=True))
    return common_values(table, without=known)


def common_custom_fields() -> dict[str, list[LeadValue]]:
    """Return the custom fields that most leads have, up to MOST_FIELDS by name, each
    with its most frequent values.

    A field in which hardly two leads agree is left out. Counted like `common_values`.
    """
    rows = [fields for fields in _column("custom_fields") if isinstance(fields, dict)]
    names = Counter(name for fields in rows for name in fields)
    found: dict[str, list[LeadValue]] = {}
    for name, count in names.most_common():
        values = _values_of(name, rows)
        if values and values[0].leads > 1 and len(values) < max(count, 2):
            found[name] = values[:MOST_SUGGESTED]
        if len(found) == MOST_FIELDS:
            break
    return found


def _values_of(name: str, rows: list[dict[str, Any]]) -> list[LeadValue]:
    source = _CustomField(Attribute.CUSTOM.value, name)
    counts = Counter(
        str(fields[name]).strip()
        for fields in rows
        if name in fields
        and any(0 < len(key) <= LONGEST_SUGGESTED for key in lead_keys(source, fields))
    )
    return [LeadValue(text, count) for text, count in counts.most_common()]


def _column(name: str) -> list[Any]:
    open_leads = Lead.objects.open().annotate(the_client=THE_CLIENT)
    newest = open_leads.order_by("-reply_order", "-map_id")
    return list(newest.values_list(name, flat=True)[:MOST_LEADS])


def _text(source: HasAttribute, value: Any, key: str) -> str:
    """Return the part of the value that has this key, as it is written; else the key."""
    if source.attribute == Attribute.CUSTOM:
        value = custom_value(value, source.custom_field)
    parts = [str(value), *str(value).split(",")]
    written = (" ".join(part.split()) for part in parts)
    return next((part for part in written if normalized_key(part) == key), key)
