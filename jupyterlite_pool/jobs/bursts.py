"""Calls of `submit`, counted by the cell that made them: for their card.

What is done for each call is little, since a program may make thousands of them in a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..tracebacks import error_line
from .job import short_arguments
from .tasks import Outcome, Task, TaskSource

#: The failures of this many calls are kept as text.
KEPT = 20

#: What people call these functions.
NAMES = {"batch_execute_tasks": "Dask", "execute_task": "Dask"}

#: Bursts that have ended are forgotten when there are more than this many.
KNOWN = 16


class Burst:
    """The calls that one cell has made so far."""

    def __init__(self, source: TaskSource, cell: Any, *, counted: bool) -> None:
        """Count nothing yet.

        Args:
            source: the queue of the calls.
            counted: whether the cell has probably made all its calls already.
        """
        self.source = source
        self.cell = cell
        self.counted = counted
        #: Whether somebody looks at it already: set by who was told that it begins.
        self.watched = False
        #: The name of the last call's function.
        self.name = ""
        self.total = 0
        #: How many calls have not ended.
        self.open = 0
        self.done = 0
        self.failed = 0
        self.cancelled = 0
        #: The arguments and the error of the first calls that failed, by their numbers.
        self.failures: dict[int, tuple[str, str]] = {}
        #: Whether somebody has cancelled all of them.
        self.stopped = False
        self._names: dict[str, None] = {}
        self._began = time.monotonic()
        self._first_run: float | None = None
        self._ended: float | None = None

    @property
    def label(self) -> str:
        """The names of the functions."""
        first, *others = dict.fromkeys(NAMES.get(name, name) for name in self._names)
        return f"{first} and {len(others)} more" if others else first

    def elapsed(self) -> float:
        """Seconds from the first call to the end of the last one, or to now."""
        return (self._ended or time.monotonic()) - self._began

    def working(self) -> float:
        """Seconds since the first call went to a worker, to the end of the last one or to now."""
        if self._first_run is None:
            return 0.0
        return (self._ended or time.monotonic()) - self._first_run

    def cancel(self) -> None:
        """Cancel the calls that have not ended; the workers that run some of them are stopped."""
        if self.open:
            self.stopped = True
            self.source.abort(cell=self.cell)

    # What `Bursts` tells.

    def goes_on(self) -> None:
        """It has something to do again."""
        self._ended = None
        self.stopped = False

    def names(self, name: str) -> None:
        """A call is of a function of this name."""
        self.name = name
        self._names[name] = None

    def runs(self) -> None:
        """A worker was given a call."""
        if self._first_run is None:
            self._first_run = time.monotonic()

    def end(self, done: int, failed: int, cancelled: int) -> None:
        """This many calls have ended."""
        self.done += done
        self.failed += failed
        self.cancelled += cancelled
        self.open -= done + failed + cancelled
        if not self.open:
            self._ended = time.monotonic()

    def keep(self, task: Task, error: BaseException) -> None:
        """Keep as text what a call has raised, if there is room for it."""
        if len(self.failures) < KEPT:
            self.failures[task.index] = short_arguments(task.args), error_line(error)


class Bursts:
    """The bursts of one queue. Gives each call its number in its burst: the first is 0."""

    def __init__(
        self,
        source: TaskSource,
        begins: Callable[[Burst], object],
        *,
        counted: bool = True,
        size: Callable[[Task], int] | None = None,
    ) -> None:
        """Count the calls of a queue from now on.

        Args:
            begins: is told of a burst that has something to do, and that nobody looks at.
            counted: whether a cell has probably made all its calls already.
            size: says for how many calls a task counts; None if each counts for one.
        """
        self._source = source
        self._begins = begins
        self._counted = counted
        self._size = size
        self._last: Burst | None = None
        self._known: dict[int, Burst] = {}

    def add(self, task: Task, name: str) -> None:
        """A call was made."""
        burst = self._last
        if burst is None or burst.cell is not task.cell:
            burst = self._last = self._find(task) or self._new(task.cell)
        task.index = burst.total
        count = 1 if self._size is None else self._size(task)
        if not burst.open:
            burst.goes_on()
        burst.total += count
        burst.open += count
        if name != burst.name:
            burst.names(name)
        if not burst.watched:
            self._begins(burst)

    def runs(self, task: Task) -> None:
        """A worker was given a call."""
        burst = self._find(task)
        if burst is not None:
            burst.runs()

    def finish(self, task: Task, outcome: Outcome) -> None:
        """A call has ended, and its future was not cancelled before."""
        burst = self._find(task)
        if burst is None:
            return
        count = 1 if self._size is None else self._size(task)
        if outcome.error is None:
            burst.end(count, 0, 0)
        else:  # one of them has raised it, and the others gave nothing
            burst.keep(task, outcome.error)
            burst.end(0, 1, count - 1)

    def cancel(self, task: Task) -> None:
        """A call was cancelled."""
        burst = self._find(task)
        if burst is not None:
            burst.end(0, 0, 1 if self._size is None else self._size(task))

    def _find(self, task: Task) -> Burst | None:
        burst = self._known.get(id(task.cell))
        return burst if burst is not None and burst.cell is task.cell else None

    def _new(self, cell: Any) -> Burst:
        if len(self._known) >= KNOWN:
            self._known = {key: burst for key, burst in self._known.items() if burst.open}
        burst = self._known[id(cell)] = Burst(self._source, cell, counted=self._counted)
        return burst
