"""Tells which items of a job have ended, and at last that no more will end."""

from __future__ import annotations

import traceback
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from typing import Any

from .outcomes import Outcomes

#: Is called with the indices of items that have ended; with none when no more will end.
Observer = Callable[[Sequence[int]], None]


class Arrivals:
    """Tells those who wait for one item of a job, and those who observe all, that items ended."""

    def __init__(self, outcomes: Outcomes) -> None:
        #: What the items have given.
        self.outcomes = outcomes
        #: Whether no more items will end.
        self.closed = False
        self._waiting: dict[int, Future[bool]] = {}
        self._observers: list[Observer] = []

    def of(self, index: int) -> Future[bool]:
        """A future that resolves when an item has ended: True, or False where it never will."""
        # In one step, if there is none: another thread may ask for the same item.
        future = self._waiting.get(index) or self._waiting.setdefault(index, Future())
        if future.cancelled():  # whoever waited has given up
            future = self._waiting[index] = Future()
        # Looked at last: the item may have ended meanwhile, in another thread.
        if self.outcomes.has(index) or self.closed:
            self._waiting.pop(index, None)
            _resolve(future, self.outcomes.has(index))
        return future

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Tell an observer of all items that end from now on; returns what removes it."""
        self._observers.append(observer)

        def remove() -> None:
            if observer in self._observers:
                self._observers.remove(observer)

        return remove

    def tell(self, indices: Sequence[int]) -> None:
        """Items have ended: called for a batch at once."""
        if self._waiting:
            for index in indices:
                future = self._waiting.pop(index, None)
                if future is not None:
                    _resolve(future, True)
        if self._observers:
            self._call_observers(indices)

    def close(self) -> None:
        """No more items will end."""
        self.closed = True
        waiting, self._waiting = self._waiting, {}
        for index, future in list(waiting.items()):
            _resolve(future, self.outcomes.has(index))
        self._call_observers(())

    def _call_observers(self, indices: Sequence[int]) -> None:
        for observer in tuple(self._observers):  # one may remove itself
            try:
                observer(indices)
            except Exception:  # of a stream that cannot be written, for example: the job goes on
                traceback.print_exc()


class Completed:
    """Items in the order in which they end, each given once."""

    def __init__(self, arrivals: Arrivals) -> None:
        """Give the items of a job, beginning with those that have ended already."""
        self._followed: list[Arrivals] = []
        self._ready: deque[int] = deque()
        self._given: set[int] = set()
        self._more: Future[None] = Future()
        self.follow(arrivals)

    def follow(self, arrivals: Arrivals, indices: Sequence[int] | None = None) -> None:
        """Give the items of one more job.

        Args:
            indices: what to give in place of the job's own indices, which count from 0.
        """
        here = weakref.ref(self)

        def hear(ended: Sequence[int]) -> None:
            completed = here()
            if completed is not None:
                completed._add(ended if indices is None else [indices[index] for index in ended])

        remove = arrivals.observe(hear)
        # A job that runs on does not collect news for an iterator that nobody has any more.
        weakref.finalize(self, remove).atexit = False
        self._followed.append(arrivals)
        hear(sorted([*arrivals.outcomes.values, *arrivals.outcomes.failures]))

    def look(self) -> int | Future[None] | None:
        """The next item; a future where one has to be waited for; None when there are no more."""
        index = self._next()
        if index is None:
            if self._more.done():
                self._more = Future()
            closed = all(arrivals.closed for arrivals in self._followed)
            index = self._next()  # one may have come meanwhile, in another thread
            if index is None:
                return None if closed else self._more
        return index

    def _next(self) -> int | None:
        while self._ready:
            index = self._ready.popleft()
            if index not in self._given:  # it comes twice if it ends just when we begin to observe
                self._given.add(index)
                return index
        return None

    def _add(self, indices: Sequence[int]) -> None:
        self._ready.extend(indices)
        _resolve(self._more, None)


def _resolve(future: Future[Any], value: object) -> None:
    """Resolve a future, unless another thread has just done so or whoever waited gave up."""
    try:
        future.set_result(value)
    except InvalidStateError:
        pass
