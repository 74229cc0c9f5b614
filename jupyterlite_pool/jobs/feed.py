"""Items of a slow iterable, read by whoever waits for the job."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from typing import Any

#: Seconds after which reading counts as slow.
SLOW = 0.02


class Feed:
    """Lets the one who waits for a job read its items, once an iterable has proved to be slow.

    Items are read when the pool has room, often while the browser reports a result. If the iterable
    sleeps or waits there, it cannot pause: the whole notebook stands still. Whoever waits for the
    job can pause. So he reads a few items in his turn, and waits for the next turn.
    """

    def __init__(self) -> None:
        #: Resolves when there is something to do for the one who waits. He makes a new one.
        self.turn: Future[None] = Future()
        #: The slow iterable; None while it has not proved to be slow.
        self._rows: Iterator[tuple[Any, ...]] | None = None
        self._waiting: deque[tuple[Any, ...]] = deque()
        #: What the items raised at their end: `StopIteration`, or an error of their own.
        self._end: Exception | None = None
        #: Whether nobody reads any more.
        self.closed = False
        #: What to do when the item that is being read is there; None while none is.
        self._then: list[Callable[[], object]] | None = None
        self._changing = threading.Lock()

    @property
    def started(self) -> bool:
        """Whether the iterable has proved to be slow."""
        return self._rows is not None

    def start(self, rows: Iterator[tuple[Any, ...]]) -> None:
        """Read from this iterable, which has proved to be slow."""
        self._rows = rows

    def close(self) -> None:
        """Nobody reads any more: items are read where they are taken."""
        self.closed = True
        self.call()

    @property
    def paused(self) -> bool:
        """Whether no item is there, and somebody is to read more."""
        return self.started and not (self._waiting or self._end or self.closed)

    def call(self) -> None:
        """Let the one who waits have his turn."""
        try:
            self.turn.set_result(None)
        except InvalidStateError:
            pass  # he has it already

    def when_free(self, action: Callable[[], object]) -> None:
        """Do something that reads items: now, or when the item that is being read is there."""
        with self._changing:
            if self._then is not None:
                self._then.append(action)
                return
        action()

    def read(self, count: int) -> None:
        """Read this many items, or fewer if that takes long.

        Raises:
            BaseException: somebody interrupts, or Python ends. What else the iterable raises is
                raised again when the items before it were taken.
        """
        with self._changing:
            self._then = []
        try:
            self._read(count)
        finally:
            with self._changing:
                then, self._then = self._then, None
            for action in then:
                action()

    def _read(self, count: int) -> None:
        assert self._rows is not None
        started = time.perf_counter()
        while count > 0 and self._end is None and not self.closed:
            try:
                self._waiting.append(next(self._rows))
            except Exception as end:
                self._end = end
            count -= 1
            if time.perf_counter() - started > SLOW:
                return

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self

    def __next__(self) -> tuple[Any, ...]:
        if self._waiting:
            return self._waiting.popleft()
        if self._end is not None:
            raise self._end
        assert self._rows is not None
        return next(self._rows)
