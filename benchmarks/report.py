"""What was measured, as people read it and as it is kept."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: From so many repetitions on, the outermost twentieths say more than the extremes.
MANY = 20

HEAD = "| # | What | Side by side with | Target | Ratio | |\n|--:|---|---|--:|--:|---|"

#: Between these two lines of a document stands the table.
BEGIN, END = "<!-- {}: begin -->", "<!-- {}: end -->"


@dataclass(frozen=True)
class Series:
    """The repetitions of one thing."""

    name: str
    unit: str
    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The 5th and the 95th percentile, or of few repetitions the least and the greatest."""
        if len(self.values) < MANY:
            return min(self.values), max(self.values)
        cuts = statistics.quantiles(self.values, n=20, method="inclusive")
        return cuts[0], cuts[-1]

    def as_text(self) -> str:
        """Its name, median and spread."""
        low, high = (_show(value) for value in self.spread)
        return f"{self.name}: {_show(self.median)} {self.unit} ({low} … {high})"

    def as_json(self) -> dict[str, Any]:
        """All that is known of it."""
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "spread": self.spread,
            "values": list(self.values),
        }


@dataclass(frozen=True)
class Target:
    """Where a ratio should be."""

    limit: float
    #: Whether a greater ratio is a better one.
    at_least: bool = False

    def met(self, row: Row) -> bool:
        """Whether it is there."""
        if row.ratio is None:
            return False
        return row.ratio >= self.limit if self.at_least else row.ratio <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


@dataclass(frozen=True)
class Ceiling:
    """What no repetition may exceed, whatever it is compared with."""

    limit: float
    unit: str

    def met(self, row: Row) -> bool:
        """Whether none does."""
        return max(row.this.values) <= self.limit

    def __str__(self) -> str:
        return f"each ≤ {self.limit:g} {self.unit}"


@dataclass(frozen=True)
class Row:
    """Something measured, and what it is compared with."""

    number: int
    this: Series
    other: Series
    #: None for what is reported only.
    target: Target | Ceiling | None = None

    @property
    def ratio(self) -> float | None:
        """Of the medians; None where the other one is zero."""
        return self.this.median / self.other.median if self.other.median else None

    @property
    def verdict(self) -> str:
        """Whether the target is met."""
        if self.target is None:
            return "reported"
        return "met" if self.target.met(self) else "missed"

    def as_markdown(self) -> str:
        """Its line of the table."""
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
        """All that is known of it."""
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
    """A row that could not be measured here, and why."""

    number: int
    reason: str

    def as_markdown(self) -> str:
        """Its line of the table."""
        return _line(self.number, self.reason.replace("|", "\\|"), "", "", "", "not measured")

    def as_json(self) -> dict[str, Any]:
        """The reason."""
        return {"number": self.number, "verdict": "not measured", "reason": self.reason}


@dataclass(frozen=True)
class Curve:
    """How something grows with something else: one series for each place on the axis."""

    number: int
    name: str
    #: What grows along the axis: "workers", "bytes".
    along: str
    points: Sequence[tuple[float, Series]]

    def as_markdown(self) -> str:
        """Its line of the table: both of its ends."""
        ends = (self.points[0], self.points[-1])
        shown = [f"{_show(at)} {self.along}: {_show(series.median)}" for at, series in ends]
        unit = self.points[0][1].unit
        return _line(self.number, f"{self.name}, {unit}", " … ".join(shown), "", "", "plotted")

    def as_json(self) -> dict[str, Any]:
        """All that is known of it."""
        points = [{"at": at, **series.as_json()} for at, series in self.points]
        return {
            "number": self.number,
            "name": self.name,
            "along": self.along,
            "points": points,
            "verdict": "plotted",
        }


#: What a part of the benchmarks gives.
Measured = Row | Skipped | Curve


def between_marks(document: str, table: str, name: str = "bench") -> str:
    """A document with another table between its two marks; `ValueError` where it has none."""
    opening, closing = BEGIN.format(name), END.format(name)
    before, begin, rest = document.partition(opening)
    _, end, after = rest.partition(closing)
    if not (begin and end):
        raise ValueError(f"the document has no {opening} … {closing}")
    return f"{before}{begin}\n\n{table.strip()}\n\n{end}{after}"


def quoted(table: str, numbers: set[int]) -> str:
    """A table with some of its rows, and without what stands under it."""
    lines = table.splitlines()
    head = HEAD.splitlines()
    rows = [line for line in lines if line.startswith(tuple(f"| {n} |" for n in numbers))]
    return "\n".join([*head, *rows])


def _line(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _show(value: float) -> str:
    """A number for people."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
