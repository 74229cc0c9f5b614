"""Time limits of tasks."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..backends.base import Backend
from ..waiting.time_limits import call_after_beats
from .batch import Batch

#: An overdue task is asked to stop. It then has this share of its time limit to do so, and at least
#: this many seconds, before its worker is stopped.
GRACE, LEAST_GRACE = 0.05, 0.02


class Deadlines:
    """Asks tasks that exceed their time limit to stop, and stops the workers of those that don't.

    A batch whose tasks have a time limit has one task. Each batch has one timer at most.
    """

    def __init__(self, backend: Backend, lock: threading.RLock) -> None:
        """Serve a backend; the lock is held by whoever calls `begin` or `end`."""
        self._backend = backend
        self._lock = lock
        #: What calls off the timer of a batch, by the batch's number.
        self._timers: dict[int, Callable[[], None]] = {}

    def begin(self, batch: Batch, worker: int) -> None:
        """A worker begins with the task of a batch: its time limit counts from now, if it has one.

        A second call for the same batch does nothing.
        """
        limit = batch.source.task_timeout
        number = batch.number
        if limit is None or number in self._timers:
            return

        def stop() -> None:
            self._backend.kill(worker, batch=number)

        def expire() -> None:
            with self._lock:
                if number not in self._timers:  # the task has just ended
                    return
                batch.expire()
                if self._backend.interrupt(worker, number):  # a worker that obeys stays warm
                    grace = max(limit * GRACE, LEAST_GRACE)
                    self._timers[number] = self._call_after(grace, stop)
                else:
                    stop()

        self._timers[number] = self._call_after(limit, expire)

    def end(self, batch: Batch) -> None:
        """The batch is over: its time limit does not count any more."""
        call_off = self._timers.pop(batch.number, None)
        if call_off is not None:
            call_off()

    def _call_after(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        return call_after_beats(self._backend.call_later, seconds, action)
