"""A batch: the tasks that travel to a worker together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..backends.base import ON_PURPOSE, WorkerEnd
from ..errors import PoolError, TaskTimeoutError, TerminatedWorkerError
from ..jobs.tasks import Task, TaskSource
from ..wire.calls import AS_THEY_ARE, join_calls
from ..wire.protocol import CallBatch

#: Bytes from which on a worker that ended has probably run out of memory: a tab has 4 GiB for it.
MUCH_MEMORY = 2**30


@dataclass(slots=True)
class Batch:
    """A batch that the backend has."""

    source: TaskSource
    #: Its tasks in order; those whose results came are gone.
    tasks: list[Task]
    #: The number of the first one that is left; the others follow.
    first: int
    size: int
    #: The one worker that may run it; None for any.
    target: int | None = None
    #: The worker that runs it; None while it waits.
    worker: int | None = None
    call_off: Callable[[], None] | None = None
    timed_out: bool = False
    #: Whether it was lost while it waited at its worker, which may have turned to it, or not.
    behind: bool = False
    #: Whether it was lost with a worker that had not turned to it.
    untaken: bool = False
    #: Whether no worker is to run it: one that has it is stopped.
    doomed: bool = False

    def frame(self) -> tuple[bytes, list[memoryview], list[str]]:
        """Payload, buffers, and the keys of what a worker must hold, in the order to send it."""
        tasks = self.tasks
        function, environment, *_ = tasks[0].held  # a source's batch is of one function
        needs = dict.fromkeys(tasks[0].needs)
        buffers: list[memoryview] = []
        calls: list[tuple[Any, ...] | bytes] = []
        for task in tasks:
            call = task.call
            if call is AS_THEY_ARE:
                calls.append(tuple(task.args))
                continue
            calls.append(call.payload)
            buffers.extend(call.buffers)
            if call.refs:
                needs.update(dict.fromkeys(task.needs))
        batch = CallBatch(
            self.first,
            function,
            environment,
            calls,
            [task.attempt for task in tasks],
            [len(task.call.buffers) for task in tasks] if buffers else None,
            None if tasks[0].seed is None else [task.seed for task in tasks],
            self.source.task_timeout is not None,
        )
        return join_calls(batch), buffers, list(needs)

    def pop(self, count: int) -> list[Task]:
        """The first tasks that are left: their results have come."""
        popped, self.tasks = self.tasks[:count], self.tasks[count:]
        self.first += count
        return popped

    def task(self, number: int) -> Task | None:
        """The task of a number, if it is one of those that are left."""
        place = number - self.first
        return self.tasks[place] if 0 <= place < len(self.tasks) else None

    def divide(self, end: WorkerEnd) -> tuple[list[Task], list[Task]]:
        """Its tasks when its worker ended: those that had started, or may have, and the others."""
        left = self.tasks
        if self.untaken and not self.doomed:
            return [], left
        if end.reason in ON_PURPOSE:  # it had begun with none of these
            return [], left
        first = self.size - len(left)  # results come in order
        if self.size == 1 or end.running is None:
            return left, []
        count = end.running - first + 1
        return left[:count], left[count:]

    def loss(self, worker: int, end: WorkerEnd) -> PoolError:
        """What becomes of a task that had started when its worker ended."""
        if self.timed_out:
            return self._overdue(f"Worker {worker} is being replaced.")
        known = (self.size == 1 and not self.behind) or end.running is not None
        return TerminatedWorkerError(
            f"worker {worker} stopped while running it ({_why(end)}). The worker is being "
            f"replaced; other items are not affected. {_advice(end)}",
            reason=end.reason,
            exit_status=end.status,
            started=True if known else None,
        )

    def obeyed(self, worker: int) -> PoolError:
        """What becomes of a task that ran too long, and stopped when it was asked to."""
        return self._overdue(f"Worker {worker} stopped it, and goes on.")

    def _overdue(self, more: str) -> TaskTimeoutError:
        return TaskTimeoutError(
            f"it ran longer than task_timeout={self.source.task_timeout:g} s. {more}"
        )


def _why(end: WorkerEnd) -> str:
    if end.memory < MUCH_MEMORY:
        return end.message
    size = f"{end.memory / 2**30:.1f} GB"
    return f"{end.message}; its memory had reached {size}, so it probably ran out"


def _advice(end: WorkerEnd) -> str:
    again = "To run such items again, use `retries=1`."
    return again if end.memory < MUCH_MEMORY else f"Try smaller items. {again}"
