import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value. Without a limit it is for information."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_ok(self) -> bool:
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    @property
    def limit(self) -> str | None:
        if self.at_least is not None and self.at_least == self.at_most:
            return f"= {self.at_least:g}"
        if self.at_least is not None:
            if self.at_least == self.at_most:
                return f"= {self.at_least:g}"
            return f">= {self.at_least:g}"
        return None if self.at_most is None else f"<= {self.at_most:g}"

    def line(self) -> str:
        told = {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "limit": self.limit,
            "ok": self.is_ok,
        }
        return json.dumps(told, ensure_ascii=False)


def publish(figures: Iterable[Figure]) -> bool:
    """Print each figure as it comes; return False if one missed its limit."""
    all_ok = True
    for figure in figures:
        sys.stdout.write(f"{figure.line()}\n")
        sys.stdout.flush()
        all_ok &= figure.is_ok
    return all_ok


def print_progress(sentence: str) -> None:
    """Write to stderr: stdout holds figures only."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that so large a share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * share) - 1)]
