"""Bars of a small chart, for an SVG that is 100 high and 10 a bar wide."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, GAP, HEIGHT = 10, 2, 100


@dataclass(frozen=True, slots=True)
class ChartBar:
    """A bar in two parts: `upper` stands on `lower`."""

    x: int
    lower: float
    upper: float

    @property
    def lower_y(self) -> float:
        return HEIGHT - self.lower

    @property
    def upper_y(self) -> float:
        return HEIGHT - self.lower - self.upper


@dataclass(frozen=True, slots=True)
class Chart:
    bars: list[ChartBar]
    top: int

    @property
    def width(self) -> int:
        return len(self.bars) * WIDTH


def chart_of(pairs: Sequence[tuple[int, int]]) -> Chart:
    top = max((lower + upper for lower, upper in pairs), default=0)
    scale = HEIGHT / top if top else 0
    bars = [
        ChartBar(place * WIDTH, round(lower * scale, 1), round(upper * scale, 1))
        for place, (lower, upper) in enumerate(pairs)
    ]
    return Chart(bars, top)
