"""A batch: tasks that travel to a worker together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, cast

from ..backends.base import ON_PURPOSE, STOPPED, Terms, WorkerEnd
from ..errors import PoolError, TaskTimeoutError, TerminatedWorkerError
from ..jobs.call_queue import CallQueue
from ..jobs.plain_tasks import PlainTasks
from ..jobs.tasks import Task, TaskSource
from ..wire.calls import AS_THEY_ARE, join_calls
from ..wire.protocol import CallBatch

#: If a worker's memory had reached this many bytes when it ended, it probably ran out of memory: a
#: browser gives it 4 GiB at most.
MUCH_MEMORY = 2**30


@dataclass(slots=True, eq=False)
class Batch:
    """A batch that the backend has."""

    number: int
    source: TaskSource
    #: The tasks without a result so far, in order.
    tasks: Sequence[Task]
    #: The number of the first of them; the others have the numbers that follow.
    first: int
    #: How many tasks it had in the beginning.
    size: int
    #: The only worker that may run it; None if any worker may.
    target: int | None = None
    #: Those of its tasks that can be cancelled one by one.
    singles: Sequence[Task] = ()
    #: The worker that runs it; None while it waits for one.
    worker: int | None = None
    #: When its first task without a result began, as far as is known.
    begun: float = 0.0
    #: Bytes that the backend has of it.
    weight: int = 0
    #: Whether the backend was asked to give it back.
    cancelling: bool = False
    #: Resolved with whether it was given back; None if nobody waits for that.
    answer: Future[bool] | None = None
    #: Whether its tasks are to be cut into other batches, and not to be cancelled.
    cut: bool = False
    #: Tasks that are taken back for themselves if they have not started.
    singled_out: tuple[Task, ...] = ()
    #: Whether its worker is to be stopped if a task of it does not end by itself.
    ending: bool = False
    #: Whether a task of it has exceeded its time limit.
    timed_out: bool = False
    #: Whether no worker is to run it: the worker that has it is stopped.
    doomed: bool = False
    #: Whether it waited at the worker that ended, which may have begun with it.
    behind: bool = False
    #: Whether the worker that ended had certainly not begun with it.
    untaken: bool = False

    def frame(self) -> tuple[bytes, list[memoryview], list[str]]:
        """Its payload, its buffers, and the keys of the objects to send before it, in order."""
        tasks = self.tasks
        if isinstance(tasks, PlainTasks):
            return self._frame_of_plain(tasks)
        function, environment, *_ = tasks[0].held  # all tasks of a batch call the same function
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

    def _frame_of_plain(self, tasks: PlainTasks) -> tuple[bytes, list[memoryview], list[str]]:
        function, environment, *_ = tasks.held
        batch = CallBatch(
            self.first,
            function,
            environment,
            cast("list[tuple[Any, ...] | bytes]", tasks.calls),
            [1] * len(tasks),
            None,
            tasks.seeds,
            self.source.task_timeout is not None,
        )
        return join_calls(batch), [], list(dict.fromkeys(tasks[0].needs))

    def terms(self) -> Terms:
        """How it is to run."""
        source = self.source
        first = self.tasks[0].first
        return Terms(
            self.target,
            source.lane,
            source.brief,
            first,
            source.max_workers,
            source.task_timeout,
            len(self.tasks) == 1 and isinstance(source, CallQueue),
        )

    # What happens to it.

    def start(self, worker: int) -> None:
        """Note that a worker has it now."""
        self.worker = worker
        self.begun = time.monotonic()
        self.source.started(self.tasks)

    def weigh(self, weight: int) -> None:
        """Note how many bytes of it the backend has."""
        self.weight = weight

    def cancel(self, *, cut: bool = False) -> Future[bool]:
        """Note that the backend is asked to give it back; the future tells whether it does.

        Args:
            cut: whether its tasks are to be cut into other batches.
        """
        self.cancelling = True
        self.cut = cut
        if self.answer is None:
            self.answer = Future()
        return self.answer

    def answered(self, taken: bool) -> None:
        """Note whether the backend has given it back."""
        if self.answer is not None and not self.answer.done():
            if not taken:
                self.singled_out = ()
            self.answer.set_result(taken)

    def single_out(self, task: Task) -> None:
        """Let this task run in no other batch if this one is cut."""
        self.singled_out = (*self.singled_out, task)

    def ends(self) -> bool:
        """Note that a task of it is to end. Returns whether that is new."""
        new, self.ending = not self.ending, True
        return new

    def goes_on(self) -> None:
        """Note that nothing is to end any more; the next task that is given up is new again."""
        self.ending = False

    def expire(self) -> None:
        """Note that its task has exceeded its time limit."""
        self.timed_out = True

    def doom(self) -> None:
        """Let no worker run it any more."""
        self.doomed = True

    def lose(self, *, behind: bool, untaken: bool) -> None:
        """Note that its worker has ended.

        Args:
            behind: whether it waited there behind another batch.
            untaken: whether the worker had certainly not begun with it.
        """
        self.behind = behind
        self.untaken = untaken

    def pop(self, count: int) -> Sequence[Task]:
        """Remove its first tasks, whose results have come, and return them."""
        popped, self.tasks = self.tasks[:count], self.tasks[count:]
        self.first += count
        self.begun = time.monotonic()
        return popped

    # What becomes of its tasks.

    def task(self, number: int) -> Task | None:
        """The task of this number; None if it is of another batch, or has its result."""
        place = number - self.first
        return self.tasks[place] if 0 <= place < len(self.tasks) else None

    def divide(self, end: WorkerEnd) -> tuple[Sequence[Task], Sequence[Task]]:
        """Divide its tasks when its worker has ended.

        Returns:
            The tasks that had started or may have, and those that certainly had not.
        """
        left = self.tasks
        if self.untaken and not self.doomed:
            return [], left
        if end.reason in ON_PURPOSE:  # such a worker ends between two tasks
            return [], left
        first = self.size - len(left)  # results come in order
        if self.size == 1 or end.running is None:
            return left, []
        count = end.running - first + 1
        return left[:count], left[count:]

    def loss(self, worker: int, end: WorkerEnd) -> PoolError:
        """The error of a task that had started when its worker ended."""
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
        """The error of a task that stopped when its worker asked it to."""
        if not self.timed_out:
            return TerminatedWorkerError(
                f"worker {worker} stopped the task, and goes on.",
                reason=STOPPED.reason,
                started=True,
            )
        return self._overdue(f"Worker {worker} stopped it, and goes on.")

    def _overdue(self, more: str) -> TaskTimeoutError:
        return TaskTimeoutError(
            f"the task ran longer than task_timeout={self.source.task_timeout:g} s. {more}"
        )


def _why(end: WorkerEnd) -> str:
    if end.memory < MUCH_MEMORY:
        return end.message
    size = f"{end.memory / 2**30:.1f} GB"
    return f"{end.message}; its memory had reached {size}, so it probably ran out"


def _advice(end: WorkerEnd) -> str:
    again = "To run such items again, use `retries=1`."
    return again if end.memory < MUCH_MEMORY else f"Try smaller items. {again}"
