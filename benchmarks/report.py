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

    def met(self, ratio: float) -> bool:
        """Whether it is there."""
        return ratio >= self.limit if self.at_least else ratio <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


@dataclass(frozen=True)
class Row:
    """Something measured, and what it is compared with."""

    number: int
    this: Series
    other: Series
    #: None for what is reported only.
    target: Target | None = None

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return self.this.median / self.other.median

    @property
    def verdict(self) -> str:
        """Whether the target is met."""
        if self.target is None:
            return "reported"
        return "met" if self.target.met(self.ratio) else "missed"

    def as_markdown(self) -> str:
        """Its line of the table."""
        target = "" if self.target is None else str(self.target)
        return _line(
            self.number,
            self.this.as_text(),
            self.other.as_text(),
            target,
            f"**{_show(self.ratio)}**",
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


def between_marks(document: str, table: str, name: str = "bench") -> str:
    """A document with another table between its two marks; `ValueError` where it has none."""
    opening, closing = BEGIN.format(name), END.format(name)
    before, begin, rest = document.partition(opening)
    _, end, after = rest.partition(closing)
    if not (begin and end):
        raise ValueError(f"the document has no {opening} … {closing}")
    return f"{before}{begin}\n\n{table.strip()}\n\n{end}{after}"


def _line(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _show(value: float) -> str:
    """A number for people."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
