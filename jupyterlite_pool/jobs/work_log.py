"""What the workers of a pool did lately: a timeline is drawn from it."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Sequence
from enum import IntEnum
from itertools import islice
from typing import NamedTuple

#: This many tasks are remembered, and this many stretches: a stretch takes some hundred bytes, and
#: each call of `submit` is a stretch of its own.
MOST = 100_000
MOST_STRETCHES = 10_000

#: This many workers that have ended are remembered.
MOST_ENDED = 100


class Kind(IntEnum):
    """What a worker did; the page knows these numbers (`plugin/timeline/data.ts`)."""

    ITEM = 0
    STARTING = 1
    PREPARING = 2


class State(IntEnum):
    """How it ended; the page knows these numbers, too."""

    RUNNING = 0
    DONE = 1
    FAILED = 2
    CANCELLED = 3


class Work(NamedTuple):
    """What a task was a part of."""

    #: The number of its job; 0 for a call of `submit`.
    job: int
    #: The name of the function, for people.
    label: str
    #: The numbers of the items in the job's first run; None where they are their own indices.
    numbers: Sequence[int] | None = None

    def number(self, item: int) -> int:
        """The number of an item for people."""
        return item if self.numbers is None else self.numbers[item]


class Stretch(NamedTuple):
    """What a worker did without a pause: tasks whose results arrived together, in their order."""

    #: By the clock that never goes back.
    ended: float
    #: None for the notebook's own Python.
    worker: int | None
    #: None where no task ran.
    work: Work | None
    kind: Kind
    state: State
    items: Sequence[int]
    seconds: Sequence[float]


class Running(NamedTuple):
    """What a worker does now."""

    begun: float
    worker: int
    work: Work | None
    kind: Kind
    item: int


class Life(NamedTuple):
    """From when to when a worker was ready for tasks."""

    ready: float
    #: None while it lives.
    ended: float | None = None


class WorkLog:
    """The last stretches of work of one pool, and the lives of its workers.

    Stretches are numbered, so that whoever has seen some of them can ask for the others. Whoever
    uses the log holds the dispatcher's lock.
    """

    def __init__(self, most: int = MOST) -> None:
        """Begin now.

        Args:
            most: how many tasks to remember.
        """
        #: Another log has another name.
        self.name = secrets.token_hex(8)
        self.begun_at = time.monotonic()
        #: The workers that were ready, by their number.
        self.lives: dict[int, Life] = {}
        #: Since when workers load packages, by the number of the worker.
        self.preparing: dict[int, float] = {}
        #: When workers were prepared last, by the number of the worker.
        self.prepared_at: dict[int, float] = {}
        #: When workers that are not ready were asked for; None if none were.
        self.asked_at: float | None = self.begun_at
        #: How many stretches, and how many tasks, are not remembered any more.
        self.forgotten = self.forgotten_tasks = 0
        self._most = most
        self._tasks = 0
        self._stretches: deque[Stretch] = deque()

    @property
    def next(self) -> int:
        """The number of the next stretch."""
        return self.forgotten + len(self._stretches)

    def since(self, number: int) -> list[Stretch]:
        """The stretches from a number on, as far as they are remembered."""
        return list(islice(self._stretches, max(0, number - self.forgotten), None))

    def add(
        self,
        worker: int | None,
        work: Work | None,
        state: State,
        items: Sequence[int],
        seconds: Sequence[float],
        kind: Kind = Kind.ITEM,
    ) -> None:
        """Note what a worker has done until now.

        Args:
            items: the indices of the tasks, in the order in which they ran.
            seconds: what each of them took.
        """
        stretch = Stretch(time.monotonic(), worker, work, kind, state, items, seconds)
        self._stretches.append(stretch)
        self._tasks += len(items)
        while len(self._stretches) > 1 and self._is_full:
            gone = len(self._stretches.popleft().items)
            self._tasks -= gone
            self.forgotten += 1
            self.forgotten_tasks += gone

    @property
    def _is_full(self) -> bool:
        return self._tasks > self._most or len(self._stretches) > MOST_STRETCHES

    # Workers.

    def asks(self) -> None:
        """Workers are asked for now."""
        self.asked_at = time.monotonic()

    def ready(self, worker: int) -> None:
        """A worker is ready for tasks."""
        now = time.monotonic()
        if self.asked_at is not None:
            self.add(worker, None, State.DONE, [0], [now - self.asked_at], Kind.STARTING)
        self.lives[worker] = Life(now)

    def ended(self, worker: int, *, replaced: bool) -> None:
        """A worker is gone.

        Args:
            replaced: whether another one takes its place.
        """
        self.prepares(worker, False)
        self.prepared_at.pop(worker, None)
        now = time.monotonic()
        life = self.lives.get(worker)
        if life is not None:
            self.lives[worker] = life._replace(ended=now)
        self.asked_at = now if replaced else None
        gone = [number for number, life in self.lives.items() if life.ended is not None]
        for number in gone[:-MOST_ENDED]:
            del self.lives[number]

    def prepares(self, worker: int, busy: bool) -> None:
        """A worker begins to load packages, or has loaded them."""
        if busy:
            self.preparing[worker] = time.monotonic()
            return
        begun = self.preparing.pop(worker, None)
        if begun is not None:
            self.prepared(worker, begun)

    def prepared(self, worker: int, begun: float) -> None:
        """A worker was prepared for tasks, from a time until now."""
        self.prepared_at[worker] = now = time.monotonic()
        self.add(worker, None, State.DONE, [0], [now - begun], Kind.PREPARING)
