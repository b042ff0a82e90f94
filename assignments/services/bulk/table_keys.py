"""Keys by which lookup tables and routing conditions recognize a lead."""

from typing import Any, Protocol

from assignments.models import LookupTable
from assignments.visible_text import folded

Attribute = LookupTable.Attribute
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


class HasAttribute(Protocol):
    """An attribute of a lead, as a lookup table or a routing condition names it."""

    @property
    def attribute(self) -> str: ...

    @property
    def custom_field(self) -> str: ...


def lead_column(table: LookupTable) -> str:
    """Return the name of the lead's column, across relations, that the keys come from.

    For the client it is `the_client`, which the caller annotates with THE_CLIENT.
    """
    return COLUMNS[Attribute(table.attribute)]


def normalized_key(value: object) -> str:
    """Return the value as it is compared: folded, single blanks, no leading dot or @.

    At most 200 characters, from the first LONGEST of the value; "" for a blank value.
    """
    text = " ".join(str(value)[:LONGEST].replace(IDEOGRAPHIC_STOP, ".").split())
    return " ".join(folded(text).split()).lstrip("@.")[:200]


def lead_keys(lookup: HasAttribute, value: Any) -> tuple[str, ...]:
    """Return the keys of one lead from the value of its column, the closest first.

    Empty for None and a missing custom field. The domain of an e-mail address; of a
    top-level domain all endings; of a place the whole and each part between commas
    ("Berlin, Germany", "berlin", "germany", normalized); of others the value.
    """
    if value is None:
        return ()
    match lookup.attribute:
        case Attribute.CUSTOM:
            custom = custom_value(value, lookup.custom_field)
            return (normalized_key(custom),) if custom not in {None, ""} else ()
        case Attribute.EMAIL_DOMAIN:
            return (normalized_key(str(value).rpartition("@")[2]),)
        case Attribute.TOP_LEVEL_DOMAIN:
            return _endings(normalized_key(str(value).rpartition("@")[2]))
        case Attribute.LOCATION:
            parts = [normalized_key(part) for part in str(value).split(",")]
            return (normalized_key(value), *(part for part in parts if part))
        case _:
            return (normalized_key(value),)


def _endings(domain: str) -> tuple[str, ...]:
    """Return the endings of a domain without itself: `a.co.uk` → `co.uk`, `uk`."""
    labels = domain.split(".")
    return tuple(".".join(labels[place:]) for place in range(1, len(labels)))


def custom_value(fields: Any, name: str) -> object:
    """Return the text or number of a custom field; None if it has none.

    Names are compared by `normalized_key`.
    """
    if not isinstance(fields, dict):
        return None
    wanted = normalized_key(name)
    matches = (value for key, value in fields.items() if normalized_key(key) == wanted)
    value = next(matches, None)
    return value if isinstance(value, str | int | float) else None
