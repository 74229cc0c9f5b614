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
    #: How long one call takes says nothing of the next, which may be of another function.
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

    def unfinished(self) -> list[Future[Any]]:
        """The futures of calls that have not ended."""
        return list(self._futures.values())

    def cancel_waiting(self) -> None:
        """Cancel the calls that have not been taken."""
        for task in self._waiting:
            self._futures[task].cancel()

    def stop_all(self) -> None:
        """Cancel all calls, also those that run."""
        for future in list(self._futures.values()):
            future.stop()

    def has(self, future: Future[Any], tasks: Iterable[Task]) -> bool:
        """Whether a future is that of one of these tasks."""
        return any(self._futures.get(task) is future for task in tasks)

    def abandon(self) -> None:
        """Start none of the calls that have not started."""
        self.stopping = True
        self.cancel_waiting()

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
        """A future that is running stays so: it cannot be cancelled any more."""
        for task in reversed(tasks):
            self._waiting.appendleft(task)

    def started(self) -> None:
        """Nothing to do: a future counts as running from when it was taken."""

    def stopped(self) -> None:
        """Nothing to do."""

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
        """Resolve their futures."""
        for task, value, took in zip(tasks, values, seconds, strict=True):
            self.finish(task, Outcome(worker, took, value))

    def discard(self, tasks: Sequence[Task]) -> None:
        """The futures of calls that will not run after all."""
        for task in tasks:
            future = self._futures.pop(task)
            if not future.cancelled():
                future.set_exception(CancelledError())

    def broken(self, error: Exception) -> None:
        """Every future that is left ends with the error."""
        futures, self._futures = self._futures, {}
        self._waiting.clear()
        for future in futures.values():
            if future.cancelled():
                future.begin()  # those who wait for it are told only now
            else:
                future.set_exception(error)

    def printed(self, task: Task, stream: str, text: str) -> None:
        """The executor has shown it; a future keeps no output."""
