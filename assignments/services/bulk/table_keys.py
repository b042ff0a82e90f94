"""What a table of territories or expertise may know a lead by."""

from typing import Any, Protocol

from django.db.models.functions import Coalesce

from assignments.models import Mapping
from assignments.models.lookup_table import Mapping as Table
from assignments.visible_text import folded

Attribute = Table.Attribute
LONGEST = 2_000  # characters of a value that are looked at
IDEOGRAPHIC_STOP = "\u3002"  # a dot between the labels of a domain
COLUMNS = {
    Attribute.LOCATION: "location",
    Attribute.TOP_LEVEL_DOMAIN: "email",
    Attribute.EMAIL_DOMAIN: "email",
    Attribute.CAMPAIGN: "campaign__name",
    Attribute.CATEGORY: "category__name",
    Attribute.CLIENT: "the_client",
    Attribute.CUSTOM: "custom_fields",
}


# A lead's own, or else that of its campaign.
THE_CLIENT = Coalesce("client_id", "campaign__client_id")


class Lookup(Protocol):
    """What is looked at: a table, or the condition of a routing rule."""

    @property
    def attribute(self) -> str: ...

    @property
    def custom_field(self) -> str: ...


def column_of(mapping: Mapping) -> str:
    """The column of the lead that the keys come from; `the_client` is annotated."""
    return COLUMNS[Attribute(mapping.attribute)]


def key_of(value: object) -> str:
    """Return the value as it is compared: folded, single blanks, no leading dot or @."""
    text = " ".join(str(value)[:LONGEST].replace(IDEOGRAPHIC_STOP, ".").split())
    return " ".join(folded(text).split()).lstrip("@.")[:200]


def keys_of(lookup: Lookup, value: Any) -> tuple[str, ...]:
    """The keys of one lead, the closest first."""
    if value is None:
        return ()
    match lookup.attribute:
        case Attribute.CUSTOM:
            found = _custom(value, lookup.custom_field)
            return (key_of(found),) if found not in {None, ""} else ()
        case Attribute.EMAIL_DOMAIN:
            return (key_of(str(value).rpartition("@")[2]),)
        case Attribute.TOP_LEVEL_DOMAIN:
            return _endings(key_of(str(value).rpartition("@")[2]))
        case Attribute.LOCATION:
            parts = [key_of(part) for part in str(value).split(",")]
            return (key_of(value), *(part for part in parts if part))
        case _:
            return (key_of(value),)


def _endings(domain: str) -> tuple[str, ...]:
    """`shop.example.co.uk` → `example.co.uk`, `co.uk`, `uk`."""
    labels = domain.split(".")
    return tuple(".".join(labels[place:]) for place in range(1, len(labels)))


def _custom(fields: Any, name: str) -> object:
    if not isinstance(fields, dict):
        return None
    wanted = key_of(name)
    found = (value for key, value in fields.items() if key_of(key) == wanted)
    value = next(found, None)
    return value if isinstance(value, str | int | float) else None
