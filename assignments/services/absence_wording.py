"""Days, shares and zones of a coverage, as people say them."""

import zoneinfo
from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

from django.utils import timezone

from assignments.models import Coverage, Coverer
from assignments.services.periods import begins_a_day, clock_time, short_day

CITY_OF = {"UTC": "UTC"}


def days_in_words(first: date, last: date, *, today: date) -> str:
    """`14 May`, `28 and 29 May`, `4 to 15 May`, `28 April to 3 May 2027`."""
    year = "" if last.year == today.year == first.year else f" {last:%Y}"
    if first == last:
        return f"{last:%-d %B}{year}"
    if first.year != last.year:
        return f"{first:%-d %B %Y} to {last:%-d %B %Y}"
    if first.month != last.month:
        return f"{first:%-d %B} to {last:%-d %B}{year}"
    joint = "and" if (last - first).days == 1 else "to"
    return f"{first:%-d} {joint} {last:%-d %B}{year}"


def runs_in_words(days: Sequence[date], *, today: date) -> str:
    """Days that need not follow each other: `25 May` or `25 May and 4 to 6 June`."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return listed([days_in_words(run[0], run[-1], today=today) for run in runs])


def listed(names: Sequence[str]) -> str:
    """`Luca`, `Luca and Theo`, `Luca, Theo and Sara`."""
    *rest, last = [*names] or [""]
    return f"{', '.join(rest)} and {last}" if rest else last


def city(zone: str) -> str:
    """`Africa/Lagos` → `Lagos`."""
    return CITY_OF.get(zone) or zone.rpartition("/")[2].replace("_", " ")


def zone_of(coverage: Coverage) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(coverage.zone)


def away_days(coverage: Coverage) -> tuple[date, date]:
    """The first and the last day of an absence as it now stands, in its zone."""
    zone = zone_of(coverage)
    first = coverage.starts_at.astimezone(zone).date()
    ends_at = coverage.ends_at.replace(second=0, microsecond=0)
    last = (ends_at - datetime.resolution).astimezone(zone).date()
    return first, max(first, last)


def first_day_away(coverage: Coverage, reader: tzinfo | None = None) -> str:
    """Return the start of an absence in words, as `last_day_away` does its end."""
    start = coverage.starts_at.astimezone(zone_of(coverage))
    return _day_in_words(start.date(), start, coverage, reader)


def last_day_away(coverage: Coverage, reader: tzinfo | None = None) -> str:
    """Return the last day of an absence in words, where the member is.

    `Fri 15 May`; `Fri 15 May, 14:00` if it ends within that day; `Fri 15 May (Lagos)` if
    the clocks of `reader`, the zone of whoever reads it, show another time then. Leave
    `reader` out for what is stored or sent: the site's own zone stands for it.
    """
    _, last = away_days(coverage)
    end = coverage.ends_at.astimezone(zone_of(coverage))
    return _day_in_words(last, end, coverage, reader)


def day_back(coverage: Coverage, reader: tzinfo | None = None) -> str:
    """Return the day on which an absence ends in words, as `last_day_away` does."""
    end = coverage.ends_at.astimezone(zone_of(coverage))
    return _day_in_words(end.date(), end, coverage, reader)


def _day_in_words(
    day: date, moment: datetime, coverage: Coverage, reader: tzinfo | None
) -> str:
    """Return the day, with the time unless `moment` begins a day, and the city."""
    words = _joined(short_day(day), _clock(moment))
    reader = reader or timezone.get_default_timezone()
    is_same = moment.astimezone(reader).utcoffset() == moment.utcoffset()
    return words if is_same else f"{words} ({city(coverage.zone)})"


def absence_in_words(coverage: Coverage, *, today: date) -> str:
    """`4 to 15 May`; with its times where it is not of whole days."""
    first, last = away_days(coverage)
    zone = zone_of(coverage)
    start, end = coverage.starts_at.astimezone(zone), coverage.ends_at.astimezone(zone)
    since, until = _clock(start), _clock(end)
    days = days_in_words(first, last, today=today)
    if not since and not until:
        return days
    if first == last:
        return f"{days}, {since or '00:00'} to {until or '24:00'}"
    begin = days_in_words(first, first, today=today)
    finish = days_in_words(last, last, today=today)
    return f"{_joined(begin, since)} to {_joined(finish, until)}"


def _joined(day: str, clock: str) -> str:
    return f"{day}, {clock}" if clock else day


def _clock(moment: datetime) -> str:
    """Return the time of day; "" where a day begins or is over."""
    return "" if begins_a_day(moment) else clock_time(moment)


def is_whole_days(coverage: Coverage) -> bool:
    zone = zone_of(coverage)
    edges = (coverage.starts_at.astimezone(zone), coverage.ends_at.astimezone(zone))
    return all(begins_a_day(edge) for edge in edges)


def percents(shares: Sequence[float]) -> list[int]:
    """Shares as whole percents that add up to 100, the largest remainders first."""
    total = sum(shares)
    if not total:
        return [0 for _ in shares]
    exact = [share * 100 / total for share in shares]
    whole = [int(part) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: whole[i] - exact[i])
    for place in by_remainder[: 100 - sum(whole)]:
        whole[place] += 1
    return whole


def covered_by(coverage: Coverage) -> str:
    """`Theo Brandt 60 %, Luca Ferri 40 %`; who has a scope of their own without share."""
    coverers = [one for one in coverage.coverers.all() if one.replaced_at is None]
    shared = [one for one in coverers if not is_narrow(one)]
    parts = percents([float(one.share) for one in shared])
    many = len(shared) > 1
    said = [
        f"{one.member} {part} %" if many else f"{one.member}"
        for one, part in zip(shared, parts, strict=True)
    ]
    narrow = [one for one in coverers if is_narrow(one)]
    return ", ".join([*said, *(f"{one.member} ({scope_of(one)})" for one in narrow)])


def is_narrow(coverer: Coverer) -> bool:
    return bool(coverer.campaigns.all() or coverer.categories.all())


def scope_of(coverer: Coverer) -> str:
    wanted = [*coverer.campaigns.all(), *coverer.categories.all()]
    return ", ".join(f"{one}" for one in wanted)
