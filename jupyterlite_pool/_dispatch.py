"""The way of tasks to workers and back: batches made of tasks, and results handed to their sources.

`pump` asks the sources in turn for a batch whenever the backend has room for one. The backend's
words come in as `on_…` calls, which decode results and hand them to the source of their task.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ._failure import decode_error
from ._payload import decode, join, split
from ._protocol import CallItem, ResultItem
from ._tasks import Outcome, Task, TaskSource
from .backends import Backend, WorkerEnd
from .errors import (
    PoolError,
    PoolStartError,
    RemoteError,
    RemoteUnpicklingError,
    TaskTimeoutError,
    TerminatedWorkerError,
)

#: Batches that a backend holds for each worker: one that runs and one that waits.
BATCHES_PER_WORKER = 2


@dataclass(slots=True)
class _Batch:
    """A batch that the backend has."""

    source: TaskSource
    #: Its tasks in order, by number; those whose results came are gone.
    tasks: dict[int, Task]
    size: int
    worker: int | None = None
    call_off: Callable[[], None] | None = None
    timed_out: bool = False


class Dispatcher:
    """Knows which tasks the backend has, and what to do with what it says of them."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        #: Held by whoever changes anything: the in-process backend speaks from other threads.
        self.lock = threading.RLock()
        #: Why nothing can run any more; None while something can.
        self.broken: PoolError | None = None
        #: Whether no more tasks are taken; the backend stops when those that were taken have ended.
        self.closed = False
        #: Workers that are ready to run tasks.
        self.ready_workers: set[int] = set()
        #: How many tasks each worker has run.
        self.tasks_run: Counter[int] = Counter()
        #: Called with the worker, the stream's name and the text of what a task printed.
        self.on_print: Callable[[int, str, str], None] = _print_here
        self._sources: deque[TaskSource] = deque()
        self._batches: dict[int, _Batch] = {}
        self._next_task = 0
        self._next_batch = 0

    # What the executor asks.

    @property
    def active_sources(self) -> list[TaskSource]:
        """Where tasks come from that have not ended; one source can be named several times."""
        return [*self._sources, *(entry.source for entry in self._batches.values())]

    def count_batches(self) -> tuple[int, int]:
        """How many batches run, and how many wait for a worker."""
        running = sum(entry.worker is not None for entry in self._batches.values())
        return running, len(self._batches) - running

    def add(self, source: TaskSource) -> None:
        """Take tasks from a source, now and until it has none."""
        if source not in self._sources:
            self._sources.append(source)
        self.pump()

    def pump(self) -> None:
        """Fill the backend's queue, from each source in turn."""
        limit = BATCHES_PER_WORKER * self._backend.size
        full: list[TaskSource] = []
        while self._sources and len(self._batches) < limit:
            source = self._sources.popleft()
            if self._is_full(source):
                full.append(source)
                continue
            tasks = source.take(self._backend.size)
            if tasks:
                self._submit(source, tasks)
                self._sources.append(source)
        self._sources.extend(full)
        if self.closed and not self._busy():
            self._backend.shutdown()

    def take_back(self) -> None:
        """Cancel the batches of sources that start no more tasks."""
        with self.lock:
            for batch, entry in list(self._batches.items()):
                if entry.source.stopping and self._backend.cancel(batch):
                    self._forget(batch)
                    entry.source.discard(list(entry.tasks.values()))
            self.pump()

    def is_running(self, source: TaskSource) -> bool:
        """Whether a worker runs a batch of a source."""
        with self.lock:
            running = (entry.source for entry in self._batches.values() if entry.worker is not None)
            return any(other is source for other in running)

    def stop(self, source: TaskSource) -> None:
        """Stop the workers that run batches of a source; others take their places."""
        with self.lock:
            for entry in list(self._batches.values()):
                if entry.source is source and entry.worker is not None:
                    self._backend.kill(entry.worker)

    def lose_all(self, error: PoolError) -> None:
        """Nothing runs any more: every source is told why."""
        with self.lock:
            self.broken = error
            sources = {id(source): source for source in self.active_sources}
            for batch in list(self._batches):
                self._forget(batch)
            self._sources.clear()
            for source in sources.values():
                source.broken(error)

    # What the backend tells: see `Listener`.

    def on_worker_ready(self, worker: int) -> None:
        """A worker can take batches."""
        with self.lock:
            self.ready_workers.add(worker)
            self.pump()

    def on_dispatched(self, worker: int, batch: int) -> None:
        """A batch left the queue for a worker; its time limit starts."""
        with self.lock:
            entry = self._batches.get(batch)
            if entry is None:
                return
            entry.worker = worker
            limit = entry.source.task_timeout
            if limit is not None:

                def expire() -> None:
                    entry.timed_out = True
                    self._backend.kill(worker)

                entry.call_off = self._backend.call_later(limit, expire)
            entry.source.started()
            self.pump()

    def on_result(
        self, worker: int, batch: int, payload: bytes, buffers: Sequence[Any], next: int, done: bool
    ) -> None:
        """Hand results to where their tasks came from."""
        with self.lock:
            entry = self._batches.get(batch)
            if entry is None:  # given up, with all its tasks
                return
            if done:
                self._forget(batch)
            for item, item_buffers in split(ResultItem, payload, buffers):
                task = entry.tasks.pop(item.task)
                self.tasks_run[worker] += 1
                entry.source.finish(task, _outcome(worker, item, item_buffers))
            if done and entry.tasks:  # it was cancelled on the way
                entry.source.discard(list(entry.tasks.values()))
            self.pump()

    def on_batch_error(
        self, worker: int, batch: int, type_name: str, message: str, traceback: str
    ) -> None:
        """None of a batch's tasks could be run."""
        with self.lock:
            if batch not in self._batches:
                return
            entry = self._forget(batch)
            for task in entry.tasks.values():
                error = RemoteError(
                    f"{type_name}: {message}", type_name=type_name, traceback_text=traceback
                )
                entry.source.finish(task, Outcome(worker, 0.0, error=error))
            self.pump()

    def on_output(self, worker: int, task: int, stream: str, text: str) -> None:
        """Show what a task printed, and keep it with the task."""
        with self.lock:
            for entry in self._batches.values():
                if task in entry.tasks:
                    entry.source.printed(entry.tasks[task], stream, text)
        self.on_print(worker, stream, text)

    def on_worker_ended(self, worker: int, batch: int | None, end: WorkerEnd) -> None:
        """Fail what ran on a worker that is gone, and run elsewhere what had not started."""
        with self.lock:
            self.ready_workers.discard(worker)
            if batch is None or batch not in self._batches:
                return
            entry = self._forget(batch)
            started, again = _divide(entry, end)
            retried = [task for task in started if entry.source.retries >= task.attempt]
            for task in retried:
                task.attempt += 1
            if retried or again:
                entry.source.put_back([*retried, *again])
                self.add(entry.source)
            for task in started:
                if task not in retried:
                    error = _loss(entry, worker, end)
                    entry.source.finish(task, Outcome(worker, 0.0, error=error))
            self.pump()

    def on_broken(self, message: str) -> None:
        """No worker can start any more."""
        if not self.closed:
            self.lose_all(PoolStartError(message))

    # How batches are made and forgotten.

    def _is_full(self, source: TaskSource) -> bool:
        if source.max_workers is None:
            return False
        held = sum(entry.source is source for entry in self._batches.values())
        return held >= source.max_workers

    def _busy(self) -> bool:
        return bool(self._batches or self._sources)

    def _submit(self, source: TaskSource, tasks: list[Task]) -> None:
        items = []
        buffers: list[memoryview] = []
        needs: dict[str, None] = {}  # ordered: the environment comes before what may need it
        for task in tasks:
            task.id = self._next_task
            self._next_task += 1
            if task.environment is not None:
                needs[task.environment] = None
            needs[task.function] = None
            call = task.call
            items.append(
                CallItem(
                    task.id,
                    task.function,
                    task.environment,
                    call.payload,
                    len(call.buffers),
                    task.attempt,
                    task.seed,
                )
            )
            buffers.extend(call.buffers)
        entry = _Batch(source, {task.id: task for task in tasks}, len(tasks))
        batch, self._next_batch = self._next_batch, self._next_batch + 1
        self._batches[batch] = entry  # before it is submitted: it may start at once
        self._backend.submit(batch, join(items), buffers, list(needs))

    def _forget(self, batch: int) -> _Batch:
        entry = self._batches.pop(batch)
        if entry.call_off is not None:
            entry.call_off()
        if entry.worker is not None:
            entry.source.stopped()
        return entry


def _print_here(worker: int, stream: str, text: str) -> None:
    print(text, end="", file=sys.stderr if stream == "stderr" else sys.stdout)


def _outcome(worker: int, item: ResultItem, buffers: Sequence[Any]) -> Outcome:
    if not item.ok:
        return Outcome(worker, item.seconds, error=decode_error(item.payload))
    try:
        return Outcome(worker, item.seconds, value=decode(item.payload, buffers))
    except BaseException as cause:
        error = RemoteUnpicklingError(
            f"the result could not be read in the notebook: {type(cause).__name__}: {cause}"
        )
        error.__cause__ = cause
        return Outcome(worker, item.seconds, error=error)


def _divide(entry: _Batch, end: WorkerEnd) -> tuple[list[Task], list[Task]]:
    """The tasks of a lost batch: those that had started, or may have, and those that had not."""
    places = list(entry.tasks.values())
    first = entry.size - len(places)  # results come in order
    if entry.size == 1:
        return places, []
    if end.running is not None:
        count = end.running - first + 1
        return places[:count], places[count:]
    return places, []


def _loss(entry: _Batch, worker: int, end: WorkerEnd) -> PoolError:
    if entry.timed_out:
        return TaskTimeoutError(
            f"it ran longer than task_timeout={entry.source.task_timeout:g} s. "
            f"Worker {worker} is being replaced."
        )
    known = entry.size == 1 or end.running is not None
    return TerminatedWorkerError(
        f"worker {worker} stopped while running it ({end.message}). The worker is being replaced; "
        "other items are not affected. To run such items again, use `retries=1`.",
        reason=end.reason,
        exit_status=end.status,
        started=True if known else None,
    )
