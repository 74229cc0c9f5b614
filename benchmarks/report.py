"""Results of measurements, as a table for people and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: With this many repetitions or more, the spread is between percentiles, not between extremes.
MANY = 20

HEAD = "| # | What | Side by side with | Target | Ratio | |\n|--:|---|---|--:|--:|---|"

#: A table of a document is between these two lines, which have its name.
BEGIN, END = "<!-- {}: begin -->", "<!-- {}: end -->"


@dataclass(frozen=True)
class Series:
    """The repetitions of one measurement."""

    name: str
    unit: str
    values: Sequence[float]

    @property
    def median(self) -> float:
        """The median of the repetitions."""
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The 5th and the 95th percentile; of few repetitions, the smallest and the largest."""
        if len(self.values) < MANY:
            return min(self.values), max(self.values)
        cuts = statistics.quantiles(self.values, n=20, method="inclusive")
        return cuts[0], cuts[-1]

    def as_text(self) -> str:
        """The name, the median and the spread."""
        low, high = (_show(value) for value in self.spread)
        return f"{self.name}: {_show(self.median)} {self.unit} ({low} … {high})"

    def as_json(self) -> dict[str, Any]:
        """All figures, with every repetition."""
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "spread": self.spread,
            "values": list(self.values),
        }


@dataclass(frozen=True)
class Target:
    """A limit for the ratio of a row."""

    limit: float
    #: Whether a larger ratio is better.
    at_least: bool = False

    def met(self, row: Row) -> bool:
        """Whether the row's ratio is within the limit."""
        if row.ratio is None:
            return False
        return row.ratio >= self.limit if self.at_least else row.ratio <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


@dataclass(frozen=True)
class Ceiling:
    """A limit for each repetition of a row, whatever the other side is."""

    limit: float
    unit: str

    def met(self, row: Row) -> bool:
        """Whether no repetition exceeds the limit."""
        return max(row.this.values) <= self.limit

    def __str__(self) -> str:
        return f"each ≤ {self.limit:g} {self.unit}"


@dataclass(frozen=True)
class Floor:
    """A limit that the median of a row must reach, whatever the other side is."""

    limit: float
    unit: str

    def met(self, row: Row) -> bool:
        """Whether the median reaches the limit."""
        return row.this.median >= self.limit

    def __str__(self) -> str:
        return f"≥ {self.limit:,g} {self.unit}"


@dataclass(frozen=True)
class Row:
    """A measurement of the pool, and the measurement that it is compared with."""

    number: int
    this: Series
    other: Series
    #: None for a row that has no target.
    target: Target | Ceiling | Floor | None = None

    @property
    def ratio(self) -> float | None:
        """The ratio of the medians; None if the other median is zero."""
        return self.this.median / self.other.median if self.other.median else None

    @property
    def verdict(self) -> str:
        """Whether the target is met."""
        if self.target is None:
            return "reported"
        return "met" if self.target.met(self) else "missed"

    def as_markdown(self) -> str:
        """The row as a line of the table."""
        target = "" if self.target is None else str(self.target)
        ratio = "" if self.ratio is None else f"**{_show(self.ratio)}**"
        return _line(
            self.number,
            self.this.as_text(),
            self.other.as_text(),
            target,
            ratio,
            self.verdict,
        )

    def as_json(self) -> dict[str, Any]:
        """The row with all figures of both sides."""
        return {
            "number": self.number,
            "this": self.this.as_json(),
            "other": self.other.as_json(),
            "ratio": self.ratio,
            "target": None if self.target is None else str(self.target),
            "verdict": self.verdict,
        }


@dataclass(frozen=True)
class Skipped:
    """A row that could not be measured here, and the reason."""

    number: int
    reason: str

    def as_markdown(self) -> str:
        """The row as a line of the table."""
        return _line(self.number, self.reason.replace("|", "\\|"), "", "", "", "not measured")

    def as_json(self) -> dict[str, Any]:
        """The row's number and the reason."""
        return {"number": self.number, "verdict": "not measured", "reason": self.reason}


@dataclass(frozen=True)
class Curve:
    """Measurements along an axis: one series for each place on it."""

    number: int
    name: str
    #: The unit of the axis: "workers" or "bytes".
    along: str
    points: Sequence[tuple[float, Series]]

    def as_markdown(self) -> str:
        """The curve as a line of the table, which shows the first and the last place."""
        ends = (self.points[0], self.points[-1])
        shown = [f"{_show(at)} {self.along}: {_show(series.median)}" for at, series in ends]
        unit = self.points[0][1].unit
        return _line(self.number, f"{self.name}, {unit}", " … ".join(shown), "", "", "plotted")

    def as_json(self) -> dict[str, Any]:
        """The curve with all figures of its series."""
        points = [{"at": at, **series.as_json()} for at, series in self.points]
        return {
            "number": self.number,
            "name": self.name,
            "along": self.along,
            "points": points,
            "verdict": "plotted",
        }


#: The results that a part of the benchmarks yields.
Measured = Row | Skipped | Curve


def between_marks(document: str, table: str, name: str = "bench") -> str:
    """Put a table between the two marks of a document; the new document.

    Raises:
        ValueError: the document has no such marks.
    """
    opening, closing = BEGIN.format(name), END.format(name)
    before, begin, rest = document.partition(opening)
    _, end, after = rest.partition(closing)
    if not (begin and end):
        raise ValueError(f"the document has no {opening} … {closing}")
    return f"{before}{begin}\n\n{table.strip()}\n\n{end}{after}"


def _line(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _show(value: float) -> str:
    """A number with three digits or more."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
