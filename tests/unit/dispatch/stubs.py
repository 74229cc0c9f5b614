"""A source of tasks, and a backend that only notes what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jupyterlite_pool.backends.base import STOPPED, WorkerEnd
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.jobs.call_queue import CallQueue
from jupyterlite_pool.jobs.tasks import Held, Task
from jupyterlite_pool.wire.payload import Encoded


def task(index: int = 0) -> Task:
    return Task(index, Held("f"), Encoded(b"", []))


class Source(CallQueue):
    """Notes when its batches start and stop."""

    def __init__(self, task_timeout: float | None = None) -> None:
        super().__init__()
        self.task_timeout = task_timeout
        self.log: list[str] = []

    def started(self, tasks: Sequence[Task]) -> None:
        self.log.append("started")

    def stopped(self) -> None:
        self.log.append("stopped")


class Noting(InProcessBackend):
    """Starts no worker, and notes what it is asked; the test lets its timers end."""

    def __init__(
        self, *, can_be_asked: bool = False, timers_can_be_called_off: bool = True
    ) -> None:
        super().__init__(1)
        self.log: list[tuple[Any, ...]] = []
        self._can_be_asked = can_be_asked
        self._can_be_called_off = timers_can_be_called_off
        self._timers: list[tuple[float, Callable[[], None]]] = []

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None:
        self.log.append(("kill", worker, batch))

    def interrupt(self, worker: int, batch: int) -> bool:
        self.log.append(("interrupt", worker, batch))
        return self._can_be_asked

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        timer = (seconds, action)
        self._timers.append(timer)

        def call_off() -> None:
            if self._can_be_called_off and timer in self._timers:
                self._timers.remove(timer)

        return call_off

    @property
    def waiting(self) -> list[float]:
        """Seconds of the timers that wait."""
        return [seconds for seconds, _ in self._timers]

    def let_time_pass(self) -> None:
        """Let the timers end that wait now."""
        timers, self._timers = self._timers, []
        for _, action in timers:
            action()
