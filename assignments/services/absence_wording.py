"""Days, shares and zones of a coverage in words, for pages, notes and messages."""

import zoneinfo
from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

from django.utils import timezone

from assignments.models import Coverage, CoveringMember
from assignments.services.periods import begins_a_day, clock_time, short_day


def days_in_words(first: date, last: date, *, today: date) -> str:
    """Return a range of days, both included, with the year unless it is `today`'s.

    `14 May`, `28 and 29 May`, `4 to 15 May`, `28 April to 3 May 2027`. Days of two
    years both have theirs: `28 December 2026 to 3 January 2027`.
    """
    year = "" if last.year == today.year == first.year else f" {last:%Y}"
    if first == last:
        return f"{last:%-d %B}{year}"
    if first.year != last.year:
        return f"{first:%-d %B %Y} to {last:%-d %B %Y}"
    if first.month != last.month:
        return f"{first:%-d %B} to {last:%-d %B}{year}"
    joint = "and" if (last - first).days == 1 else "to"
    return f"{first:%-d} {joint} {last:%-d %B}{year}"


def day_runs_in_words(days: Sequence[date], *, today: date) -> str:
    """Return sorted days that need not follow each other, as ranges.

    `25 May`, `25 May and 4 to 6 June`; each as by `days_in_words`; "" without days.
    """
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return join_names([days_in_words(run[0], run[-1], today=today) for run in runs])


def join_names(names: Sequence[str]) -> str:
    """Return `Luca`, `Luca and Theo` or `Luca, Theo and Sara`; "" without names."""
    *rest, last = [*names] or [""]
    return f"{', '.join(rest)} and {last}" if rest else last


def city_of_zone(zone: str) -> str:
    """Return the last part of a zone's name, with blanks for `_`: `Lagos`."""
    return zone.rpartition("/")[2].replace("_", " ")


def coverage_zone(coverage: Coverage) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(coverage.zone)


def away_days(coverage: Coverage) -> tuple[date, date]:
    """Return the first and the last day of an absence as it now stands, in its zone.

    An end at midnight belongs to the day before; the last day is never before the
    first.
    """
    zone = coverage_zone(coverage)
    first = coverage.starts_at.astimezone(zone).date()
    ends_at = coverage.ends_at.replace(second=0, microsecond=0)
    last = (ends_at - datetime.resolution).astimezone(zone).date()
    return first, max(first, last)


def first_day_away(coverage: Coverage, reader: tzinfo | None = None) -> str:
    """Return the day on which an absence starts, in its zone, in words.

    `Fri 15 May`, with time and city as in `last_day_away`.
    """
    start = coverage.starts_at.astimezone(coverage_zone(coverage))
    return _day_in_words(start.date(), start, coverage, reader)


def last_day_away(coverage: Coverage, reader: tzinfo | None = None) -> str:
    """Return the last day of an absence in words, where the member is.

    `Fri 15 May`; `Fri 15 May, 14:00` if it ends within that day. The city follows, as
    in `Fri 15 May (Lagos)`, if the clocks of `reader` show another time at the end;
    None stands for the site's own zone, for what is stored or sent.
    """
    _, last = away_days(coverage)
    end = coverage.ends_at.astimezone(coverage_zone(coverage))
    return _day_in_words(last, end, coverage, reader)


def away_in_words(coverage: Coverage, reader: tzinfo | None = None) -> str:
    """Return an absence as the end of a sentence: `from Mon 4 May to Fri 15 May`.

    `on Mon 4 May` if it is one whole day. Times as in `last_day_away`; the city of its
    zone follows once, if the clocks of `reader` show another time at its start or end.
    """
    zone = coverage_zone(coverage)
    first, last = away_days(coverage)
    start, end = coverage.starts_at.astimezone(zone), coverage.ends_at.astimezone(zone)
    begin = _with_time(short_day(first), _time_unless_midnight(start))
    finish = _with_time(short_day(last), _time_unless_midnight(end))
    words = f"on {begin}" if begin == finish else f"from {begin} to {finish}"
    reader = reader or timezone.get_default_timezone()
    is_same = all(
        moment.astimezone(reader).utcoffset() == moment.utcoffset()
        for moment in (start, end)
    )
    return words if is_same else f"{words} ({city_of_zone(coverage.zone)})"


def day_back(coverage: Coverage, reader: tzinfo | None = None) -> str:
    """Return the day of the moment at which an absence ends, in its zone, in words.

    After whole days that is the day after the last one. Time and city as in
    `last_day_away`.
    """
    end = coverage.ends_at.astimezone(coverage_zone(coverage))
    return _day_in_words(end.date(), end, coverage, reader)


def _day_in_words(
    day: date, moment: datetime, coverage: Coverage, reader: tzinfo | None
) -> str:
    """Return `day` in words, with the time of `moment` unless that begins a day.

    The city of the coverage's zone follows in brackets if the clocks of `reader` (None:
    the site's zone) show another time at that moment.
    """
    words = _with_time(short_day(day), _time_unless_midnight(moment))
    reader = reader or timezone.get_default_timezone()
    is_same = moment.astimezone(reader).utcoffset() == moment.utcoffset()
    return words if is_same else f"{words} ({city_of_zone(coverage.zone)})"


def absence_in_words(coverage: Coverage, *, today: date) -> str:
    """Return the days of an absence in its zone, with times if it is not of whole days.

    `4 to 15 May`; `4 May, 12:00 to 15 May`; `4 May, 12:00 to 24:00`.
    """
    first, last = away_days(coverage)
    zone = coverage_zone(coverage)
    start, end = coverage.starts_at.astimezone(zone), coverage.ends_at.astimezone(zone)
    start_time, end_time = _time_unless_midnight(start), _time_unless_midnight(end)
    days = days_in_words(first, last, today=today)
    if not start_time and not end_time:
        return days
    if first == last:
        return f"{days}, {start_time or '00:00'} to {end_time or '24:00'}"
    begin = days_in_words(first, first, today=today)
    finish = days_in_words(last, last, today=today)
    return f"{_with_time(begin, start_time)} to {_with_time(finish, end_time)}"


def _with_time(day: str, clock: str) -> str:
    return f"{day}, {clock}" if clock else day


def _time_unless_midnight(moment: datetime) -> str:
    """Return the time of day, as `clock_time` does; "" for a moment that begins a day."""
    return "" if begins_a_day(moment) else clock_time(moment)


def is_whole_days(coverage: Coverage) -> bool:
    """Return whether start and end each lie in the first minute of a day in its zone."""
    zone = coverage_zone(coverage)
    edges = (coverage.starts_at.astimezone(zone), coverage.ends_at.astimezone(zone))
    return all(begins_a_day(edge) for edge in edges)


def whole_percents(shares: Sequence[float]) -> list[int]:
    """Return shares as whole percents in their order, adding up to 100.

    All are 0 if the sum is 0. The largest remainders are rounded up.
    """
    total = sum(shares)
    if not total:
        return [0 for _ in shares]
    exact = [share * 100 / total for share in shares]
    whole = [int(part) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: whole[i] - exact[i])
    for position in by_remainder[: 100 - sum(whole)]:
        whole[position] += 1
    return whole


def coverers_in_words(coverage: Coverage) -> str:
    """Return who covers, separated by commas: `Theo Brandt 60 %, Luca Ferri 40 %`.

    Percents are left out if only one has a share. Members with campaigns or categories
    of their own stand at the end, with these in brackets instead. Replaced coverers and
    the fallback are left out; "" without any.
    """
    coverers = [
        coverer for coverer in coverage.coverers.all() if coverer.replaced_at is None
    ]
    shared = [coverer for coverer in coverers if not has_own_scope(coverer)]
    shares_in_percent = whole_percents([float(coverer.share) for coverer in shared])
    is_shared = len(shared) > 1
    parts = [
        f"{one.member} {part} %" if is_shared else f"{one.member}"
        for one, part in zip(shared, shares_in_percent, strict=True)
    ]
    narrow = [coverer for coverer in coverers if has_own_scope(coverer)]
    return ", ".join(
        [*parts, *(f"{one.member} ({own_scope_in_words(one)})" for one in narrow)]
    )


def has_own_scope(coverer: CoveringMember) -> bool:
    """Return whether they have own campaigns or categories, which limit them."""
    return bool(coverer.campaigns.all() or coverer.categories.all())


def scope_in_words(campaigns: Sequence[str], categories: Sequence[str]) -> str:
    """Return names after "leads of": `Nordics in the category Interested`.

    `Nordics and DACH`, `the category Interested`, `the categories Interested and Info`;
    "" without any.
    """
    noun = "the category" if len(categories) == 1 else "the categories"
    kinds = f"{noun} {join_names(categories)}" if categories else ""
    return " in ".join(filter(None, [join_names(campaigns), kinds]))


def own_scope_in_words(coverer: CoveringMember) -> str:
    """Return their own campaigns, then categories, separated by commas; "" without any."""
    own_scope = [*coverer.campaigns.all(), *coverer.categories.all()]
    return ", ".join(f"{item}" for item in own_scope)
