"""A call that every worker makes once, before its tasks: an initializer, or `run_everywhere`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from ..waiting.futures import PoolFuture
from ..wire.payload import Encoded
from .tasks import Held, Outcome, Task, new_lane


class SetUp:
    """One such call: a source with one task for each worker, which that worker alone may run.

    Its future has the values of all workers in the order of their numbers, as soon as the workers
    that have made the call are as many as the pool should have. `on_failure` hears of every failed
    call: before that moment it fails the future, or the whole pool if every worker needs the call;
    later, a worker cannot be made like the others, so the pool breaks.
    """

    retries = 0
    task_timeout: float | None = None
    max_workers: int | None = None
    stopping = False
    brief = False
    ahead = False

    def __init__(
        self,
        held: Held,
        call: Encoded,
        args: Sequence[Any],
        size: Callable[[], int],
        on_failure: Callable[[SetUp, int | None, BaseException], None],
        *,
        required: bool,
        ended: Future[None] | None = None,
        cell: Any = None,
    ) -> None:
        """Describe a call.

        Args:
            args: its arguments, as they were given; `call` has them encoded.
            size: tells how many workers the pool should have.
            on_failure: called with the worker and the error when a worker cannot be set up.
            required: whether every worker needs it, even the first ones.
            ended: resolves when no worker will make the call any more.
            cell: where its output is shown.
        """
        self.lane = new_lane()
        self.future: PoolFuture[list[Any]] = PoolFuture()
        # It runs from the start: whoever gives up waiting for it does not cancel it.
        self.future.set_running_or_notify_cancel()
        self._ended = ended
        self._cell = cell
        self._held = held
        self._call = call
        self._args = args
        self._size = size
        self._on_failure = on_failure
        self.required = required
        self._values: dict[int, Any] = {}

    def task(self) -> Task:
        """The call, for one more worker."""
        return Task(0, self._held, self._call, self._args, cell=self._cell)

    def forget(self, worker: int) -> None:
        """Forget a worker that is gone, and with it what its call has done."""
        self._values.pop(worker, None)

    def check(self) -> None:
        """Resolve the future if all workers have made the call."""
        if not self.future.done() and len(self._values) >= self._size():
            self.future.set_result([value for _, value in sorted(self._values.items())])

    # See `TaskSource`. Nobody calls `take`: each worker is given its task when it is ready.

    def is_too_long(self, tasks: int, seconds: float) -> bool:
        """False: each worker has one call."""
        return False

    def take(self, workers: int, *, ahead: bool = False) -> list[Task]:
        """Nothing."""
        return []

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Do nothing: a new worker is given the call anyway."""

    def started(self, tasks: Sequence[Task]) -> None:
        """Do nothing."""

    def stopped(self) -> None:
        """Do nothing."""

    def finish(self, task: Task, outcome: Outcome) -> None:
        """A worker has made the call."""
        if outcome.error is not None:
            self._on_failure(self, outcome.worker, outcome.error)
        elif outcome.worker is not None and not self.future.done():
            self._values[outcome.worker] = outcome.value
            self.check()

    def finish_all(
        self, tasks: Sequence[Task], worker: int, values: Sequence[Any], seconds: Sequence[float]
    ) -> None:
        """A worker has made the call; its batch has one task."""
        for task, value, took in zip(tasks, values, seconds, strict=True):
            self.finish(task, Outcome(worker, took, value))

    def discard(self, tasks: Sequence[Task]) -> None:
        """Do nothing."""

    def unfinished(self) -> list[Future[Any]]:
        """Its future, unless it is an initializer: nobody waits for that directly."""
        return [] if self.required or self.future.done() else [self.future]

    def cancel_waiting(self) -> None:
        """Do nothing: it goes with its workers."""

    def abort(self, *, cell: Any = None) -> None:
        """Do nothing: it goes with its workers."""

    def broken(self, error: BaseException) -> None:
        """No worker will make the call any more: fail the future."""
        if not self.future.done():
            self.future.set_exception(error)
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    def prepares(self, worker: int, busy: bool) -> None:
        """Do nothing: only the card of a job shows it."""

    def printed(self, task: Task, stream: str, text: str) -> None:
        """Do nothing: the output was shown."""
