"""Template tags for figures: shares and times, for people and for machines."""

from django.template import Library

register = Library()

HOUR, DAY = 60, 24 * 60


@register.filter
def percent(share: float | None) -> str:
    """Return `42 %`; a dash for None."""
    return "\u2013" if share is None else f"{share * 100:.0f} %"


@register.filter
def duration(minutes: int | None) -> str:
    """Return `45 min`, `5 h 10 min`, `3 d 4 h`."""
    if minutes is None:
        return "\u2013"
    if minutes < HOUR:
        return f"{minutes} min"
    if minutes < 2 * DAY:
        return f"{minutes // HOUR} h {minutes % HOUR:02} min"
    return f"{minutes // DAY} d {minutes % DAY // HOUR} h"


@register.filter
def raw(value: float | None) -> str:
    """Return a share for machines, with four digits."""
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")
