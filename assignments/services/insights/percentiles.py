"""Percentiles by nearest rank: always a value that was there."""

from collections import Counter
from math import ceil

MEDIAN, NINETY = 50, 90


def nearest_rank(times: Counter[int], percent: int) -> int | None:
    """The smallest value that so many percent of the values do not exceed."""
    rank = ceil(times.total() * percent / 100)
    for value in sorted(times):
        rank -= times[value]
        if rank <= 0:
            return value
    return None
