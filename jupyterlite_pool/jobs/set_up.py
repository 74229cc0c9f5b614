"""Calls that every worker makes once, before anything else: initializers, `run_everywhere`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from ..waiting.futures import PoolFuture
from ..wire.payload import Encoded
from .tasks import Held, Outcome, Task


class SetUp:
    """One such call: the source of one task for each worker, made for that worker alone.

    Its future has the values of all workers in the order of their numbers, once as many workers as
    the pool should have has made the call. Where the call fails before that, the future fails; a
    worker that comes later cannot be made like the others then, and `on_failure` is told.
    """

    retries = 0
    task_timeout: float | None = None
    max_workers: int | None = None
    stopping = False
    brief = False

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
            args: what it is made with; encoded as `call`.
            size: tells how many workers the pool should have.
            on_failure: called with the worker and the error when a worker cannot be set up.
            required: whether no worker may go without it, not even the first ones.
            ended: resolves when no worker will make the call any more.
            cell: where its output is shown.
        """
        self.future: PoolFuture[list[Any]] = PoolFuture()
        # Whoever gives up waiting for it does not call it off.
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
        """A worker is gone, and with it what its call had done."""
        self._values.pop(worker, None)

    def check(self) -> None:
        """Resolve the future if all workers have made the call."""
        if not self.future.done() and len(self._values) >= self._size():
            self.future.set_result([value for _, value in sorted(self._values.items())])

    # See `TaskSource`; its tasks go to workers by another way than `take`.

    def take(self, workers: int) -> list[Task]:
        """Never asked for."""
        return []

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Nothing to do: a new worker is given the call in any case."""

    def started(self) -> None:
        """Nothing to do."""

    def stopped(self) -> None:
        """Nothing to do."""

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
        """A worker has made the call; there is one task in a batch."""
        for task, value, took in zip(tasks, values, seconds, strict=True):
            self.finish(task, Outcome(worker, took, value))

    def discard(self, tasks: Sequence[Task]) -> None:
        """Nothing to do."""

    def unfinished(self) -> list[Future[Any]]:
        """Its future, but for what only comes before the tasks that somebody waits for."""
        return [] if self.required or self.future.done() else [self.future]

    def cancel_waiting(self) -> None:
        """Nothing to do: its tasks wait for nobody."""

    def broken(self, error: BaseException) -> None:
        """No worker will make the call any more."""
        if not self.future.done():
            self.future.set_exception(error)
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    def printed(self, task: Task, stream: str, text: str) -> None:
        """The executor has shown it."""
