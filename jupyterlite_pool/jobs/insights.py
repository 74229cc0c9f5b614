"""What the times of a job say: how busy its workers were, and which items took longest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import nlargest
from typing import NamedTuple

from .timings import Timings

#: This many of the slowest items are named.
SLOWEST = 3


class Insights(NamedTuple):
    """How busy the workers of a job were in all its runs, and which items took longest."""

    #: How many items ran on workers; one that ran again counts again.
    items: int
    workers: int
    #: How long workers had items to run.
    seconds: float
    #: The part of that time in which the workers ran items, from 0 to 1.
    busy: float
    #: The slowest items by their numbers, with their seconds; the slowest first.
    slowest: list[tuple[int, float]]

    def __str__(self) -> str:
        if not self.items:
            return "No item has run on a worker."
        one = self.workers == 1
        said = (
            f"{self.items} item{'s' * (self.items != 1)} ran on {self.workers} worker"
            f"{'s' * (not one)} in {self.seconds:.2g} s, and {'it was' if one else 'they were'} "
            f"busy {self.busy:.0%} of that time."
        )
        names = [f"{item} ({seconds:.2g} s)" for item, seconds in self.slowest]
        if len(names) == 1:
            return said if self.items == 1 else f"{said} The slowest item was {names[0]}."
        return f"{said} The slowest items were {', '.join(names[:-1])} and {names[-1]}."


def insights_of(runs: Iterable[tuple[Timings, Callable[[int], int]]]) -> Insights:
    """What the times of all runs of a job say.

    Looks at results as they have arrived together, since a job may have millions of items.

    Args:
        runs: the times of each run, with what gives the number of an item of it for people.
    """
    items, used, available, seconds = 0, 0.0, 0.0, 0.0
    workers: set[int] = set()
    slowest: list[tuple[int, float]] = []
    for timings, number in runs:
        own: set[int] = set()
        for row in timings.rows:
            if row.worker is None or not row.items:
                continue
            own.add(row.worker)
            items += len(row.items)
            used += sum(row.seconds)
            if len(slowest) < SLOWEST or max(row.seconds) > slowest[-1][1]:
                named = ((number(i), s) for i, s in zip(row.items, row.seconds, strict=True))
                slowest = _longest([*slowest, *named])
        workers |= own
        seconds += timings.working() if own else 0.0
        available += timings.working() * len(own)
    return Insights(items, len(workers), seconds, min(used / max(available, 1e-9), 1.0), slowest)


def _longest(times: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """The longest time of each item, of those that took longest."""
    by_item: dict[int, float] = {}
    for item, seconds in nlargest(2 * SLOWEST, times, key=lambda time: time[1]):
        by_item.setdefault(item, seconds)
    return list(by_item.items())[:SLOWEST]
