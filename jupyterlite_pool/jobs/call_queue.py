"""Calls of `submit`, in their order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..waiting.futures import PoolFuture
from .bursts import Bursts
from .chunks import MOST_JOINED, TARGET_SECONDS
from .paces import Paces
from .tasks import Outcome, Task, new_lane
from .work_log import State, Work, WorkLog

#: Bytes of a call's arguments that may travel with other calls: to send more takes longer than to
#: send it alone.
MOST_BYTES = 4096


@dataclass
class CallCounts:
    """What became of the calls since the queue was empty last."""

    #: The name of the function of the first of them.
    name: str = ""
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    #: By the clock that never goes back.
    since: float = field(default_factory=time.monotonic)
    #: When the last of them had ended; None while there are some.
    until: float | None = None


class CallQueue:
    """The source of `Executor.submit`: single calls, each with a future."""

    retries = 0
    task_timeout: float | None = None
    #: No batch of calls waits at a worker: one that takes long after all would keep it waiting.
    brief = False
    #: Each call was encoded when it was made, so nothing is gained by keeping it here.
    ahead = True

    def __init__(self, max_workers: int | None = None) -> None:
        self.max_workers = max_workers
        self.lane = new_lane()
        self.stopping = False
        #: Whether brief calls of one function may travel together.
        self.joins = False
        self.counts = CallCounts()
        self._paces = Paces()
        self._waiting: deque[Task] = deque()
        self._futures: dict[Task, PoolFuture[Any]] = {}
        self._tasks: dict[Future[Any], Task] = {}
        #: Where the pool keeps what its workers did.
        self._log: WorkLog | None = None
        self._ended = 0
        #: Counts the calls for cards; None where nobody looks.
        self._bursts: Bursts | None = None

    def log_in(self, log: WorkLog) -> None:
        """Note the calls in the log of a pool."""
        self._log = log

    def count_with(self, bursts: Bursts) -> None:
        """Count calls from now on, for cards."""
        self._bursts = bursts

    def add(self, task: Task, future: PoolFuture[Any]) -> None:
        """Queue a call."""
        if not self._futures:
            self.counts = CallCounts(future.name)
        self._futures[task] = future
        self._tasks[future] = task
        self._waiting.append(task)
        if self._bursts is not None:
            self._bursts.add(task, future.name)

    def task(self, future: Future[Any]) -> Task | None:
        """The call of a future; None if it has ended."""
        return self._tasks.get(future)

    def is_given_up(self, task: Task) -> bool:
        """Whether nobody wants the value of a call any more."""
        future = self._futures.get(task)
        return future is not None and future.cancelled()

    def abandon(self) -> None:
        """Start none of the calls that have not started."""
        self.stopping = True
        self.cancel_waiting()

    # See `TaskSource`.

    @property
    def gathers(self) -> bool:
        """Whether the calls that wait are so brief that it is better to wait for more of them.

        Asked only while the workers have enough to do.
        """
        waiting = self._waiting
        return 0 < len(waiting) < MOST_JOINED and self._may_join(waiting[-1])

    def _may_join(self, task: Task) -> bool:
        """Whether a call may travel with others. One that has been with a worker may not."""
        call = task.call
        # One by one: a class of the notebook may say that it is equal to any other.
        plain = sum(len(arg) for arg in task.args if type(arg) is str or type(arg) is bytes)
        small = not call.buffers and not call.refs and len(call.payload) + plain <= MOST_BYTES
        return self.joins and small and not task.first and self._paces.is_brief(task.held.function)

    def is_too_long(self, tasks: int, seconds: float) -> bool:
        """Whether calls that travel together take long after all."""
        return tasks > 1 and tasks * seconds > TARGET_SECONDS

    def take(self, workers: int, *, ahead: bool = False) -> list[Task]:
        """The next call whose future was not cancelled meanwhile, or several brief ones."""
        task = self._first()
        if task is None:
            return []
        self._waiting.popleft()
        taken = [task]
        if self._may_join(task):
            while len(taken) < MOST_JOINED and (other := self._first()) is not None:
                if other.held != task.held or not self._may_join(other):
                    break
                taken.append(self._waiting.popleft())
        return taken

    def _first(self) -> Task | None:
        """The first call that waits and whose future was not cancelled meanwhile."""
        while self._waiting:
            task = self._waiting[0]
            future = self._futures[task]
            if not future.cancelled():
                return task
            self._waiting.popleft()
            self._forget(task)
            self._cancelled(task)
            future.begin()  # only now are those told who wait for it
        return None

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Queue calls again, before all others; the futures of those that ran stay running."""
        for task in reversed(tasks):
            self._waiting.appendleft(task)

    def started(self, tasks: Sequence[Task]) -> None:
        """The futures of these calls are running."""
        for task in tasks:
            future = self._futures.get(task)
            if future is not None:
                future.begin()
                if self._bursts is not None:
                    self._bursts.runs(task)

    def stopped(self) -> None:
        """Do nothing."""

    def _cancelled(self, task: Task) -> None:
        self.counts.cancelled += 1
        if self._bursts is not None:
            self._bursts.cancel(task)

    def _forget(self, task: Task) -> PoolFuture[Any]:
        future = self._futures.pop(task)
        self._tasks.pop(future, None)
        if not self._futures:
            self.counts.until = time.monotonic()
        return future

    def finish(self, task: Task, outcome: Outcome) -> None:
        """Resolve the future, unless it was cancelled while its call ran."""
        if task not in self._futures:  # a callback of another call has ended the pool
            return
        future = self._forget(task)
        began = future.begin()
        if outcome.worker is not None and outcome.error is None:
            self._paces.note(task.held.function, outcome.seconds)
        if self._log is not None and outcome.worker is not None:
            done = State.DONE if outcome.error is None else State.FAILED
            state = done if began else State.CANCELLED
            work = Work(0, future.name)
            self._log.add(outcome.worker, work, state, (self._ended,), (outcome.seconds,))
            self._ended += 1
        if not began:
            self._cancelled(task)
            return
        if self._bursts is not None:
            self._bursts.finish(task, outcome)
        with suppress(InvalidStateError):  # another thread has cancelled it since it was asked
            if outcome.error is not None:
                self.counts.failed += 1
                future.set_exception(outcome.error)
            else:
                self.counts.done += 1
                future.set_result(outcome.value)

    def finish_all(
        self, tasks: Sequence[Task], worker: int, values: Sequence[Any], seconds: Sequence[float]
    ) -> None:
        """Resolve the futures with values."""
        for task, value, took in zip(tasks, values, seconds, strict=True):
            self.finish(task, Outcome(worker, took, value))

    def discard(self, tasks: Sequence[Task]) -> None:
        """Cancel the futures of calls that will not run after all."""
        for task in tasks:
            if task not in self._futures:
                continue
            future = self._forget(task)
            self._cancelled(task)
            if not future.withdraw():
                future.begin()  # tells those who wait for it that it was cancelled before

    def unfinished_count(self) -> int:
        """How many calls have not ended."""
        return len(self._futures)

    def name_of(self, task: Task) -> str:
        """The name of the function of a call; nothing if it has ended."""
        future = self._futures.get(task)
        return "" if future is None else future.name

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
        self.counts.until = time.monotonic()
        self._tasks.clear()
        self._waiting.clear()
        for task, future in futures.items():
            if not future.begin():  # it tells those who wait for it that it is cancelled
                self._cancelled(task)
                continue
            self.counts.failed += 1
            if self._bursts is not None:
                self._bursts.finish(task, Outcome(None, 0.0, error=error))
            future.set_exception(error)

    def prepares(self, worker: int, busy: bool) -> None:
        """Do nothing: only the card of a job shows it."""

    def printed(self, task: Task, stream: str, text: str) -> None:
        """Do nothing: the output was shown, and a future keeps none."""
