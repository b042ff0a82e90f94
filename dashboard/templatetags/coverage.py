"""Days of the calendar of absences."""

from datetime import date

from django.template import Library

register = Library()


@register.simple_tag
def day_class(day: date, today: date) -> str:
    """Return the class of a day's column: `now` for today, else `mon` for a Monday,
    `we` at a weekend, empty for other days.
    """
    if day == today:
        return "now"
    return {0: "mon", 5: "we", 6: "we"}.get(day.weekday(), "")
