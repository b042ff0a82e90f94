"""Public holidays, by country and year, and the days that are off beside them."""

from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

from holidays import country_holidays, list_supported_countries
from holidays.registry import COUNTRIES

_YEARS_KEPT = 256  # of all countries together


@dataclass(frozen=True, slots=True)
class DaysOff:
    """Asked day by day: a year's holidays are worked out when they are needed."""

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
    """None where the package no longer knows the place."""
    if not is_known(country, subdivision):
        return {}
    found = country_holidays(
        country, subdiv=subdivision or None, years=year, language="en_US"
    )
    return dict(sorted(found.items()))


def holidays_after(
    day: date, country: str, subdivision: str, *, count: int
) -> list[tuple[date, str]]:
    """The next ones, for people who want to see that it is the right place."""
    coming = [
        (one, name)
        for year in (day.year, day.year + 1)
        for one, name in public_holidays(country, subdivision, year).items()
        if one > day
    ]
    return coming[:count]


def is_known(country: str, subdivision: str = "") -> bool:
    regions = subdivisions()
    return country in regions and (not subdivision or subdivision in regions[country])


@cache
def subdivisions() -> dict[str, list[str]]:
    """The countries that are known, each with its regions."""
    return list_supported_countries(include_aliases=False)


@cache
def country_names() -> dict[str, str]:
    known = subdivisions()
    names = {
        codes[1]: place.replace("_", " ").title() for place, codes in COUNTRIES.items()
    }
    return {code: names[code] for code in sorted(known, key=lambda one: names[one])}
