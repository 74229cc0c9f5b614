"""The queue of a backend: lanes take turns, and in each lane it is first in, first out.

`labextension/src/pool/queue.ts` does the same for the workers of a browser.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .base import ANY, Terms


class Queued(NamedTuple):
    """A batch that waits for a worker; the fields are those of `Backend.submit`."""

    batch: int
    payload: bytes
    buffers: Sequence[Any]
    needs: Sequence[str]
    terms: Terms = ANY


class Lanes:
    """The batches that wait. A worker runs those that have it as target before all others."""

    def __init__(self) -> None:
        # A dictionary keeps the order of insertion, and finds a number at once.
        self._targeted: dict[int, Queued] = {}
        #: The lanes that are not empty. The first one has its turn.
        self._lanes: dict[int | None, dict[int, Queued]] = {}
        #: The lane of each batch that has no target.
        self._lane_of: dict[int, int | None] = {}

    def push(self, entry: Queued) -> None:
        """Let a batch wait."""
        batch, terms = entry.batch, entry.terms
        if terms.target is not None:
            self._targeted[batch] = entry
            return
        lane = self._lanes.setdefault(terms.lane, {})
        others = dict(lane) if terms.first else {}
        if terms.first:
            lane.clear()
        lane[batch] = entry
        lane.update(others)
        self._lane_of[batch] = terms.lane

    def next(self, worker: int, may_run: Callable[[Terms], bool]) -> Queued | None:
        """Take out the next batch for a worker; None if there is none.

        Args:
            may_run: whether a batch may run now, as far as the number of workers of its lane goes.
        """
        for entry in self._targeted.values():
            if entry.terms.target == worker:
                return self._targeted.pop(entry.batch)
        for number, lane in self._lanes.items():
            entry = next(iter(lane.values()))
            if may_run(entry.terms):
                self.remove(entry.batch)
                if lane:
                    self._lanes[number] = self._lanes.pop(number)  # the others come first now
                return entry
        return None

    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._lanes and not self._targeted

    def remove(self, batch: int) -> bool:
        """Take out one batch; False if it is not here."""
        if batch not in self._lane_of:
            return self._targeted.pop(batch, None) is not None
        number = self._lane_of.pop(batch)
        del self._lanes[number][batch]
        if not self._lanes[number]:
            del self._lanes[number]
        return True

    def forget(self, worker: int) -> None:
        """Take out the batches whose target is this worker."""
        for entry in list(self._targeted.values()):
            if entry.terms.target == worker:
                del self._targeted[entry.batch]

    def clear(self) -> None:
        """Take out all batches."""
        self._targeted.clear()
        self._lanes.clear()
        self._lane_of.clear()
