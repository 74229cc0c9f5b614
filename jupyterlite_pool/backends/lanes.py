"""The queue of a backend: lanes take turns, and in each lane it is first in, first out.

`labextension/src/pool/queue.ts` does the same for the workers of a browser.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, MutableMapping, Sequence
from typing import Any, NamedTuple, TypeVar

from .base import ANY, Terms

K = TypeVar("K")


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
        # Ordered dictionaries: they find a number at once, and in a long queue the first one, too.
        #: By their targets.
        self._targeted: dict[int, OrderedDict[int, Queued]] = {}
        #: The lanes that are not empty. The first one has its turn.
        self._lanes: OrderedDict[int | None, OrderedDict[int, Queued]] = OrderedDict()
        #: The lane of each batch that has no target.
        self._lane_of: dict[int, int | None] = {}
        #: The target of each other batch.
        self._target_of: dict[int, int] = {}

    def push(self, entry: Queued) -> None:
        """Let a batch wait."""
        batch, terms = entry.batch, entry.terms
        if terms.target is not None:
            self._targeted.setdefault(terms.target, OrderedDict())[batch] = entry
            self._target_of[batch] = terms.target
            return
        lane = self._lanes.setdefault(terms.lane, OrderedDict())
        lane[batch] = entry
        if terms.first:
            lane.move_to_end(batch, last=False)
        self._lane_of[batch] = terms.lane

    def next_targeted(self, free: Collection[int]) -> Queued | None:
        """Take out the first batch for one of these workers alone; None if there is none."""
        few, many = sorted((self._targeted.keys(), free), key=len)
        for target in few:
            if target in many:
                entry = next(iter(self._targeted[target].values()))
                self.remove(entry.batch)
                return entry
        return None

    def next(self, may_run: Callable[[Terms], bool]) -> Queued | None:
        """Take out the next batch that any worker may run; None if there is none.

        Args:
            may_run: whether a batch may run now, as far as the number of workers of its lane goes.
        """
        for number, lane in self._lanes.items():
            entry = next(iter(lane.values()))
            if may_run(entry.terms):
                self.remove(entry.batch)
                if lane:
                    self._lanes.move_to_end(number)  # the others come first now
                return entry
        return None

    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._lanes and not self._targeted

    def remove(self, batch: int) -> bool:
        """Take out one batch; False if it is not here."""
        if batch in self._target_of:
            _take(self._targeted, self._target_of.pop(batch), batch)
        elif batch in self._lane_of:
            _take(self._lanes, self._lane_of.pop(batch), batch)
        else:
            return False
        return True

    def forget(self, worker: int) -> None:
        """Take out the batches whose target is this worker."""
        for batch in self._targeted.pop(worker, ()):
            del self._target_of[batch]

    def clear(self) -> None:
        """Take out all batches."""
        self._targeted.clear()
        self._lanes.clear()
        self._lane_of.clear()
        self._target_of.clear()


def _take(queues: MutableMapping[K, OrderedDict[int, Queued]], key: K, batch: int) -> None:
    """Take a batch out of a queue, and the queue with it if it was the last one there."""
    waiting = queues[key]
    del waiting[batch]
    if not waiting:
        del queues[key]
