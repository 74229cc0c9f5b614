"""`WorkerPoolExecutor`: an executor of `concurrent.futures` over a pool of Pyodide workers.

One task's way: `submit` (or a job) encodes a call; `_pump` asks the sources in turn for a batch
whenever the backend has room for one; the backend's words come in as `on_…` calls, which decode the
results and hand them to the source that the task came from.
"""

from __future__ import annotations

import concurrent.futures
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from ._failure import decode_error
from ._futures import PoolFuture
from ._job import MapJob
from ._payload import Encoded, decode, encode_call, encode_function, function_key, join, split
from ._protocol import CallItem, ResultItem
from ._tasks import CallQueue, Outcome, Task, TaskSource
from ._waits import can_block, install_waits, wait_done
from .backends import Backend, WorkerEnd, WorkerStatus
from .errors import (
    PoolError,
    PoolStartError,
    RemoteError,
    RemoteUnpicklingError,
    TaskTimeoutError,
    TerminatedWorkerError,
)

T = TypeVar("T")

#: Batches that a backend holds for each worker: one that runs and one that waits.
BATCHES_PER_WORKER = 2


@dataclass(slots=True)
class _Batch:
    """A batch that the backend has."""

    source: TaskSource
    #: Its tasks in order, by number; those whose results came are gone.
    tasks: dict[int, Task]
    size: int
    #: The place of the task that the worker said it would run next.
    next: int = 0
    worker: int | None = None
    call_off: Callable[[], None] | None = None
    timed_out: bool = False


class PoolStatus(NamedTuple):
    """A pool at one moment."""

    #: How many workers it should have.
    size: int
    workers: list[WorkerStatus]
    #: Jobs, and calls of `submit` taken together as one, that have not ended.
    jobs: int
    batches_running: int
    batches_waiting: int

    def __str__(self) -> str:
        ready = sum(worker.state != "starting" for worker in self.workers)
        lines = [
            f"{ready} of {self.size} workers ready; {self.batches_running} batches running, "
            f"{self.batches_waiting} waiting"
        ]
        for worker in self.workers:
            memory = f", {worker.memory / 2**20:.0f} MB" if worker.memory else ""
            lines.append(f"worker {worker.id}: {worker.state}, {worker.tasks} tasks run{memory}")
        return "\n".join(lines)


class WorkerPoolExecutor(concurrent.futures.Executor):
    """Runs calls on a pool of web workers, each with a Python of its own.

    Starts its workers when it is made and keeps them until `shutdown`. Use it as any executor of
    `concurrent.futures`, in `with` or, where the browser cannot wait, in `async with`.

    Args:
        max_workers: number of workers; None for one per core, as far as memory allows.
        packages: names of packages to load in every worker beyond those that the notebook uses.
        backend: who runs the workers; None for the browser. The tests' own runs in this process.

    Raises:
        ValueError: `max_workers` is less than 1.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        *,
        packages: Sequence[str] = (),
        backend: Backend | None = None,
    ) -> None:
        if max_workers is not None and max_workers < 1:
            raise ValueError(f"max_workers must be at least 1, not {max_workers}")
        install_waits()
        self._backend = backend or _browser_backend(max_workers, packages)
        # The in-process backend speaks from other threads.
        self._lock = threading.RLock()
        self._calls = CallQueue()
        self._sources: deque[TaskSource] = deque()
        self._batches: dict[int, _Batch] = {}
        self._put: set[str] = set()
        self._next_task = 0
        self._next_batch = 0
        self._closed = False
        self._broken: PoolError | None = None
        self._tasks_run: Counter[int] = Counter()
        #: Workers that are ready to run tasks.
        self.ready_workers: set[int] = set()
        #: Called with the worker, the stream's name and the text of what a task printed.
        self.on_print: Callable[[int, str, str], None] = _print_here
        self._backend.start(self)

    @property
    def max_workers(self) -> int:
        """How many workers it has."""
        return self._backend.size

    @property
    def broken(self) -> BaseException | None:
        """Why it can run nothing any more; None while it can."""
        return self._broken

    @property
    def closed(self) -> bool:
        """Whether it was shut down."""
        return self._closed

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> PoolFuture[T]:
        """Run `fn(*args, **kwargs)` on a worker.

        The function, what it refers to and its arguments are copied as they are now.

        Returns:
            A future, which can be awaited as well.

        Raises:
            TypeError: `fn` is not callable.
            PoolStartError: no worker can start.
            RuntimeError: the executor was shut down.
        """
        _check_callable(fn)
        future: PoolFuture[T] = PoolFuture()
        with self._lock:
            self._check_open()
            try:
                key = self._put_function(fn)
                call = encode_call(fn, args, kwargs)
            except Exception as error:  # as the standard library: on the future, not here
                future.set_exception(error)
                return future
            self._calls.add(Task(0, key, self._environment(), call, args), future)
            self._add_source(self._calls)
        return future

    def map(
        self,
        fn: Callable[..., T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
    ) -> Iterator[T]:
        """As the built-in `map`, but the calls run on the workers.

        Args:
            timeout: seconds until the iterator gives up, counted from this call.
            chunksize: how many calls travel to a worker at once.

        Returns:
            An iterator over the values, in the order of the items.

        Raises:
            TimeoutError: from the iterator: a value was not there in time.
            Exception: from the iterator: whatever a call raised.
        """
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1.")
        deadline = None if timeout is None else time.monotonic() + timeout
        # Like the standard library, it reads everything now and lets every call run.
        items = [list(iterable) for iterable in iterables]
        job = self.start_job(fn, items, chunksize=chunksize, return_exceptions=True)
        return _values(job, deadline)

    def start_job(
        self, fn: Callable[..., Any], iterables: Sequence[Iterable[Any]], **options: Any
    ) -> MapJob:
        """Run a function over items; options as of `MapJob`."""
        _check_callable(fn)
        with self._lock:
            self._check_open()
            job = MapJob(
                fn,
                self._put_function(fn),
                self._environment(),
                iterables,
                wake=self._take_back,
                **options,
            )
            self._add_source(job)
        return job

    def status(self) -> PoolStatus:
        """The pool as it is now."""
        with self._lock:
            running = sum(entry.worker is not None for entry in self._batches.values())
            return PoolStatus(
                size=self._backend.size,
                workers=[
                    worker._replace(tasks=self._tasks_run[worker.id])
                    for worker in self._backend.workers()
                ],
                jobs=len({id(source) for source in self._active_sources()}),
                batches_running=running,
                batches_waiting=len(self._batches) - running,
            )

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Call `action` after some time, while this pool runs; returns what calls it off."""
        return self._backend.call_later(seconds, action)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls, and stop the workers when those that were taken have ended.

        Args:
            wait: return only then. Where the browser cannot wait, it is as if this were False.
            cancel_futures: cancel the calls that have not started.
        """
        with self._lock:
            self._closed = True
            if cancel_futures:
                self._calls.cancel_waiting()
            self._pump()
            unfinished = self._unfinished()
            if not self._busy():
                self._backend.shutdown()
        if wait:
            for future in unfinished:
                _wait_quietly(future)

    def terminate_workers(self) -> None:
        """Stop all workers at once, whatever they do, and shut down.

        Calls and items that have not ended fail with `TerminatedWorkerError`.
        """
        with self._lock:
            self._closed = True
            self._lose_all(TerminatedWorkerError("the pool's workers were stopped", started=None))
            self._backend.shutdown()

    #: In a browser there is only one way to stop a worker.
    kill_workers = terminate_workers

    async def __aenter__(self) -> WorkerPoolExecutor:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        import asyncio

        self.shutdown(wait=False)
        with self._lock:
            pending = [asyncio.wrap_future(future) for future in self._unfinished()]
        # Shielded: a wait that is given up must not cancel the work.
        await asyncio.shield(asyncio.gather(*pending, return_exceptions=True))

    # What the backend tells.

    def on_worker_ready(self, worker: int) -> None:
        """A worker can take batches."""
        with self._lock:
            self.ready_workers.add(worker)
            self._pump()

    def on_dispatched(self, worker: int, batch: int) -> None:
        """A batch left the queue for a worker; its time limit starts."""
        with self._lock:
            entry = self._batches.get(batch)
            if entry is None:  # it was given up meanwhile
                return
            entry.worker = worker
            limit = entry.source.task_timeout
            if limit is not None:

                def expire() -> None:
                    entry.timed_out = True
                    self._backend.kill(worker)

                entry.call_off = self._backend.call_later(limit, expire)
            entry.source.started()
            self._pump()

    def on_result(
        self, worker: int, batch: int, payload: bytes, buffers: Sequence[Any], next: int, done: bool
    ) -> None:
        """Hand results to where their tasks came from."""
        with self._lock:
            entry = self._batches.get(batch)
            if entry is None:
                return
            entry.next = next
            if done:
                self._forget(batch)
            for item, item_buffers in split(ResultItem, payload, buffers):
                task = entry.tasks.pop(item.task)
                self._tasks_run[worker] += 1
                entry.source.finish(task, _outcome(worker, item, item_buffers))
            if done and entry.tasks:  # it was cancelled on the way
                entry.source.discard(list(entry.tasks.values()))
            self._pump()

    def on_batch_error(
        self, worker: int, batch: int, type_name: str, message: str, traceback: str
    ) -> None:
        """None of a batch's tasks could be run."""
        with self._lock:
            if batch not in self._batches:
                return
            entry = self._forget(batch)
            for task in entry.tasks.values():
                error = RemoteError(
                    f"{type_name}: {message}", type_name=type_name, traceback_text=traceback
                )
                entry.source.finish(task, Outcome(worker, 0.0, error=error))
            self._pump()

    def on_output(self, worker: int, task: int, stream: str, text: str) -> None:
        """Show what a task printed, and keep it with the task."""
        with self._lock:
            for entry in self._batches.values():
                if task in entry.tasks:
                    entry.source.printed(entry.tasks[task], stream, text)
        self.on_print(worker, stream, text)

    def on_worker_ended(self, worker: int, batch: int | None, end: WorkerEnd) -> None:
        """Fail what ran on a worker that is gone, and run elsewhere what had not started."""
        with self._lock:
            self.ready_workers.discard(worker)
            if batch is None or batch not in self._batches:
                return
            entry = self._forget(batch)
            started, unstarted = _divide(entry, end)
            for task in started:
                if entry.source.retries >= task.attempt:
                    task.attempt += 1
                    unstarted.insert(0, task)
                else:
                    error = _loss(entry, worker, end, task)
                    entry.source.finish(task, Outcome(worker, 0.0, error=error))
            if unstarted:
                entry.source.put_back(unstarted)
                self._add_source(entry.source)
            self._pump()

    def on_broken(self, message: str) -> None:
        """Nothing runs any more."""
        if not self._closed:
            self._lose_all(PoolStartError(message))

    def _lose_all(self, error: PoolError) -> None:
        with self._lock:
            self._broken = error
            sources = {id(source): source for source in self._active_sources()}
            for batch in list(self._batches):
                self._forget(batch)
            self._sources.clear()
            self._calls.broken(error)
            for source in sources.values():
                source.broken(error)

    # How batches are made.

    def _add_source(self, source: TaskSource) -> None:
        if source not in self._sources:
            self._sources.append(source)
        self._pump()

    def _pump(self) -> None:
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
        if self._closed and not self._busy():
            self._backend.shutdown()

    def _unfinished(self) -> list[concurrent.futures.Future[Any]]:
        """What is done when the calls and jobs that were taken have ended."""
        jobs = {source for source in self._active_sources() if isinstance(source, MapJob)}
        return [*self._calls.unfinished, *(job.ended for job in jobs)]

    def _active_sources(self) -> list[TaskSource]:
        return [*self._sources, *(entry.source for entry in self._batches.values())]

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

    def _take_back(self) -> None:
        """Cancel the batches of jobs that start no more tasks."""
        with self._lock:
            for batch, entry in list(self._batches.items()):
                if not isinstance(entry.source, MapJob) or not entry.source.stopping:
                    continue
                if self._backend.cancel(batch):
                    self._forget(batch)
                    entry.source.discard(list(entry.tasks.values()))
            self._pump()

    def _forget(self, batch: int) -> _Batch:
        entry = self._batches.pop(batch)
        if entry.call_off is not None:
            entry.call_off()
        if entry.worker is not None:
            entry.source.stopped()
        return entry

    def _put_function(self, fn: Callable[..., Any]) -> str:
        encoded = encode_function(fn)
        return self._put_object(function_key(encoded), encoded)

    def _put_object(self, key: str, encoded: Encoded) -> str:
        if key not in self._put:
            self._put.add(key)
            self._backend.put(key, encoded)
        return key

    def _environment(self) -> str | None:
        described = self._backend.environment()
        return None if described is None else self._put_object(*described)

    def _check_open(self) -> None:
        if self._broken is not None:
            raise type(self._broken)(str(self._broken))
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")


_shared: WorkerPoolExecutor | None = None


def get_reusable_executor(max_workers: int | None = None) -> WorkerPoolExecutor:
    """The one warm pool of this kernel; `pool_map` and the magics use it.

    Started at the first call, and again after it was shut down or could not start.

    Args:
        max_workers: its size, where it is started now; None for one worker per core.
    """
    global _shared
    if _shared is None or _shared.closed or _shared.broken is not None:
        _shared = WorkerPoolExecutor(max_workers)
    return _shared


def set_reusable_executor(executor: WorkerPoolExecutor | None) -> None:
    """Let `get_reusable_executor` return this one; None for a new one at its next call."""
    global _shared
    _shared = executor


def _browser_backend(max_workers: int | None, packages: Sequence[str]) -> Backend:
    if sys.platform != "emscripten":
        raise PoolStartError(
            "there are no Pyodide workers outside of a browser. In ordinary Python use "
            "concurrent.futures.ProcessPoolExecutor."
        )
    from .backends.pyodide import PyodideBackend

    return PyodideBackend(max_workers, packages)


def _check_callable(fn: object) -> None:
    if not callable(fn):
        raise TypeError(f"the first argument must be a function, not {type(fn).__name__!r}")


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


def _loss(entry: _Batch, worker: int, end: WorkerEnd, task: Task) -> PoolError:
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


def _values(job: MapJob, deadline: float | None) -> Iterator[Any]:
    """A job's values in order, each as soon as it is there."""
    try:
        index = 0
        while True:
            ready = job.arrival(index)
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            wait_done(ready, left, "values = await pool_map(f, xs)")
            if not ready.result(0):
                break
            if index in job.failures:
                raise job.failures[index]
            yield job.values.pop(index)
            index += 1
        job.settled.result(0)
    finally:
        job.cancel()


def _wait_quietly(future: concurrent.futures.Future[Any]) -> None:
    if future.done() or not can_block():
        return
    wait_done(future, None, "")
