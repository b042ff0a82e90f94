"""Template tags for figures: shares and times, for people and for machines."""

from datetime import date

from django.template import Library
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from assignments.models import Member

register = Library()

HOUR, DAY = 60, 24 * 60


@register.filter
def percent(share: float | None) -> str:
    """Return a share of 1 as a whole percentage: `42 %` for 0.42; an en dash for None."""
    return "\u2013" if share is None else f"{share * 100:.0f} %"


@register.filter
def duration(minutes: int | None) -> str:
    """Return a time in its two largest units: `45 min`, `5 h 10 min`, `3 d 4 h`; a
    smaller one that is zero is left out: `2 h`. An en dash for None.
    """
    if minutes is None:
        return "\u2013"
    if minutes < HOUR:
        return f"{minutes} min"
    if minutes < DAY:
        return _two(minutes // HOUR, "h", minutes % HOUR, "min")
    return _two(minutes // DAY, "d", minutes % DAY // HOUR, "h")


def _two(count: int, unit: str, rest: int, smaller: str) -> str:
    return f"{count} {unit} {rest} {smaller}" if rest else f"{count} {unit}"


@register.filter
def raw(value: float | None) -> str:
    """Return the value for machines, with at most four digits behind the point and no
    zeros at the end; empty for None.
    """
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


@register.simple_tag
def count(key: str, value: int, address: str = "", look: str = "") -> SafeString:
    """Return a `<data class="key" value="…">` with the number.

    It stands in a link with the class `look` if there is an address and `value` is not
    0.
    """
    return _linked(_data(key, str(value), str(value)), address if value else "", look)


@register.simple_tag
def share(key: str, value: float | None) -> SafeString:
    return _data(key, raw(value), percent(value))


@register.simple_tag
def minutes(key: str, value: int | None) -> SafeString:
    return _data(key, raw(value), duration(value))


@register.simple_tag
def changes_of(member: Member | None, days: tuple[date, date]) -> str:
    """Return the address of the history with the member's done changes from the first
    to the last day; empty if `member` is None.
    """
    if member is None:
        return ""
    first, last = days
    said = {"member": f"{member.pk}", "state": "done"}
    query = said | {"from": f"{first}", "to": f"{last}"}
    return f"{reverse('history')}?{urlencode(query)}"


@register.simple_tag
def waiting_of(member: Member | None) -> str:
    """Return the address of the inbox with the member's leads that wait on us; empty if
    `member` is None.
    """
    if member is None:
        return ""
    query = {"owner": f"{member.pk}", "status": "waiting_on_us"}
    return f"{reverse('inbox')}?{urlencode(query)}"


@register.simple_tag
def overdue_of(member: Member | None) -> str:
    """Return the address of the inbox with the member's overdue leads; empty if `member`
    is None.
    """
    if member is None:
        return ""
    query = {"owner": f"{member.pk}", "sla": "overdue", "sort": "late"}
    return f"{reverse('inbox')}?{urlencode(query)}"


def _data(key: str, value: str, shown: str) -> SafeString:
    return format_html('<data class="{}" value="{}">{}</data>', key, value, shown)


def _linked(figure: SafeString, address: str, look: str) -> SafeString:
    if not address:
        return figure
    kind = format_html(' class="{}"', look) if look else ""
    return format_html('<a{} href="{}">{}</a>', kind, address, figure)
