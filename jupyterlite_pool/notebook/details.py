"""What a card has folded away: the workers, failed items, output by item, and insights."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

from ..jobs.insights import Insights

#: At most this many items are listed.
LISTED = 20

#: At most this many characters of what an item has printed: the last ones.
PRINTED = 500


class Failure(NamedTuple):
    """A failed item."""

    item: int
    arguments: str
    error: str


class Details(NamedTuple):
    """What a card has folded away."""

    #: What each worker does: the number of the item that it runs, or None.
    workers: Mapping[int, int | None] = {}
    #: The first items that failed.
    failures: tuple[Failure, ...] = ()
    #: What the last items have printed, by their numbers.
    printed: Mapping[int, str] = {}
    #: None until the end.
    insights: Insights | None = None

    def as_json(self) -> dict[str, Any]:
        """The same as JSON can carry it."""
        return {
            "workers": [list(pair) for pair in self.workers.items()],
            "failures": [list(failure) for failure in self.failures],
            "printed": [list(pair) for pair in self.printed.items()],
            "insights": None if self.insights is None else self.insights._asdict(),
        }


def last_printed(output: Mapping[int, str]) -> dict[int, str]:
    """What the last items that have printed anything have printed, by their numbers."""
    last = list(islice(reversed(output.items()), LISTED))  # type: ignore[call-overload]
    return {item: text if len(text) <= PRINTED else f"…{text[-PRINTED:]}" for item, text in last}
