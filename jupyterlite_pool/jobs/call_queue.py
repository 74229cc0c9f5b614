"""Calls of `submit`, in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any

from ..waiting.futures import PoolFuture
from .tasks import Outcome, Task


class CallQueue:
    """The source of `Executor.submit`: single calls, each with a future."""

    retries = 0
    task_timeout: float | None = None
    #: The next call may be of another function, so its time cannot be known beforehand.
    brief = False

    def __init__(self, max_workers: int | None = None) -> None:
        self.max_workers = max_workers
        self.stopping = False
        self._waiting: deque[Task] = deque()
        self._futures: dict[Task, PoolFuture[Any]] = {}

    def add(self, task: Task, future: PoolFuture[Any]) -> None:
        """Queue a call."""
        self._futures[task] = future
        self._waiting.append(task)

    def has(self, future: Future[Any], tasks: Iterable[Task]) -> bool:
        """Whether a future belongs to one of these tasks."""
        return any(self._futures.get(task) is future for task in tasks)

    def abandon(self) -> None:
        """Start none of the calls that have not started."""
        self.stopping = True
        self.cancel_waiting()

    # See `TaskSource`.

    def take(self, workers: int) -> list[Task]:
        """The next call whose future was not cancelled meanwhile."""
        while self._waiting:
            task = self._waiting.popleft()
            future = self._futures[task]
            if future.begin():
                return [task]
            del self._futures[task]
        return []

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Queue calls again, before all others; their futures stay running."""
        for task in reversed(tasks):
            self._waiting.appendleft(task)

    def started(self) -> None:
        """Do nothing: a future has been running since its call was taken."""

    def stopped(self) -> None:
        """Do nothing."""

    def finish(self, task: Task, outcome: Outcome) -> None:
        """Resolve the future, unless it was cancelled while its call ran."""
        future = self._futures.pop(task)
        if future.cancelled():
            return
        if outcome.error is not None:
            future.set_exception(outcome.error)
        else:
            future.set_result(outcome.value)

    def finish_all(
        self, tasks: Sequence[Task], worker: int, values: Sequence[Any], seconds: Sequence[float]
    ) -> None:
        """Resolve the futures with values."""
        for task, value, took in zip(tasks, values, seconds, strict=True):
            self.finish(task, Outcome(worker, took, value))

    def discard(self, tasks: Sequence[Task]) -> None:
        """Fail the futures of calls that will not run after all."""
        for task in tasks:
            future = self._futures.pop(task)
            if not future.cancelled():
                future.set_exception(CancelledError())

    def unfinished(self) -> list[Future[Any]]:
        """The futures of calls that have not ended."""
        return list(self._futures.values())

    def cancel_waiting(self) -> None:
        """Cancel the calls that have not been taken."""
        for task in self._waiting:
            self._futures[task].cancel()

    def abort(self, *, cell: Any = None) -> None:
        """Cancel all calls, or those of one cell; the workers that run some of them are stopped."""
        for task, future in list(self._futures.items()):
            if cell is None or task.cell is cell:
                future.stop()

    def broken(self, error: Exception) -> None:
        """End every future that is left with the error."""
        futures, self._futures = self._futures, {}
        self._waiting.clear()
        for future in futures.values():
            if future.cancelled():
                future.begin()  # only now are those told who wait for it
            else:
                future.set_exception(error)

    def prepares(self, worker: int, busy: bool) -> None:
        """Do nothing: only the card of a job shows it."""

    def printed(self, task: Task, stream: str, text: str) -> None:
        """Do nothing: the output was shown, and a future keeps none."""
