"""Days off: public holidays of a country or region, and extra days."""

from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

from holidays import country_holidays, list_supported_countries
from holidays.registry import COUNTRIES

_YEARS_KEPT = 256  # of all countries together


@dataclass(frozen=True, slots=True)
class DaysOff:
    """A set of dates: public holidays, computed year by year when asked, and `extra`.

    Without a country, only `extra`.
    """

    country: str = ""
    subdivision: str = ""
    extra: frozenset[date] = frozenset()

    def __contains__(self, day: object) -> bool:
        if day in self.extra:
            return True
        return (
            bool(self.country)
            and isinstance(day, date)
            and (day in public_holidays(self.country, self.subdivision, day.year))
        )


@lru_cache(_YEARS_KEPT)
def public_holidays(country: str, subdivision: str, year: int) -> dict[date, str]:
    """Return the English names of a year's holidays by date, sorted by date.

    Without a subdivision those of the whole country. Empty if the `holidays` package
    does not know the place. The result is cached: do not change it.
    """
    if not is_known_place(country, subdivision):
        return {}
    holidays = country_holidays(
        country, subdiv=subdivision or None, years=year, language="en_US"
    )
    return dict(sorted(holidays.items()))


def next_holidays(
    day: date, country: str, subdivision: str, *, count: int
) -> list[tuple[date, str]]:
    """Return the next `count` holidays after a day as (date, name), soonest first.

    Only to the end of next year, so there may be fewer; none of an unknown place.
    """
    coming = [
        (holiday, name)
        for year in (day.year, day.year + 1)
        for holiday, name in public_holidays(country, subdivision, year).items()
        if holiday > day
    ]
    return coming[:count]


def is_known_place(country: str, subdivision: str = "") -> bool:
    """Return whether holidays of the country, and of its region if given, are known."""
    regions = regions_by_country()
    return country in regions and (not subdivision or subdivision in regions[country])


@cache
def regions_by_country() -> dict[str, list[str]]:
    """Return the codes of the regions of each known country, by country code; an empty
    list for a country without any. The result is cached: do not change it.
    """
    return list_supported_countries(include_aliases=False)


@cache
def country_names() -> dict[str, str]:
    """Return the English names of known countries by code, sorted by name.

    The result is cached: do not change it.
    """
    known = regions_by_country()
    names = {
        codes[1]: place.replace("_", " ").title() for place, codes in COUNTRIES.items()
    }
    return {code: names[code] for code in sorted(known, key=lambda code: names[code])}
