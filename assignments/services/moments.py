"""Moments as our own pages send them back in an address."""

from datetime import UTC, datetime

EARLIEST_YEAR, LATEST_YEAR = 1900, 2200


def moment_from(text: str) -> datetime | None:
    """Return the moment that `text` names, in UTC; None if it names none near our time.

    At the ends of the calendar neither time zones nor databases can count.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None or not EARLIEST_YEAR < moment.year < LATEST_YEAR:
        return None
    return moment.astimezone(UTC)
