"""`WorkerPoolExecutor`: an executor of `concurrent.futures` over a pool of Pyodide workers.

It encodes calls and keeps what workers need for them; `_dispatch` brings them there and back.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from ._dispatch import Dispatcher
from ._futures import PoolFuture
from ._job import MapJob
from ._loop import install_run_in_executor
from ._objects import SharedObjects
from ._payload import Encoded, encode_call, encode_function, function_key
from ._tasks import CallQueue, Task
from ._waits import can_block, install_waits, wait_done
from .backends import Backend, WorkerStatus
from .errors import PoolStartError, TerminatedWorkerError

T = TypeVar("T")


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
        install_run_in_executor(WorkerPoolExecutor)
        self._backend = backend or _browser_backend(max_workers, packages)
        self._objects = SharedObjects(self._backend)
        self._dispatcher = Dispatcher(self._backend)
        self._lock = self._dispatcher.lock
        self._calls = CallQueue()
        self._backend.start(self._dispatcher)

    @property
    def max_workers(self) -> int:
        """How many workers it has."""
        return self._backend.size

    @property
    def broken(self) -> BaseException | None:
        """Why it can run nothing any more; None while it can."""
        return self._dispatcher.broken

    @property
    def closed(self) -> bool:
        """Whether it was shut down."""
        return self._dispatcher.closed

    @property
    def ready_workers(self) -> set[int]:
        """The workers that are ready to run tasks."""
        return self._dispatcher.ready_workers

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
                call = encode_call(fn, args, kwargs)
                function = encode_function(fn)
            except Exception as error:  # as the standard library: on the future, not here
                future.set_exception(error)
                return future
            key, environment = self._hold(function, future)
            # A buffer that stays out of the stream is still the caller's: it may change in line.
            call = Encoded(call.payload, [memoryview(bytes(buffer)) for buffer in call.buffers])
            self._calls.add(Task(0, key, environment, call, args), future)
            self._dispatcher.add(self._calls)
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
            ended: concurrent.futures.Future[None] = concurrent.futures.Future()
            key, environment = self._hold(encode_function(fn), ended)
            wake = self._dispatcher.take_back
            job = MapJob(fn, key, environment, iterables, wake=wake, ended=ended, **options)
            self._dispatcher.add(job)
        return job

    def status(self) -> PoolStatus:
        """The pool as it is now."""
        with self._lock:
            running, waiting = self._dispatcher.count_batches()
            return PoolStatus(
                size=self._backend.size,
                workers=[
                    worker._replace(tasks=self._dispatcher.tasks_run[worker.id])
                    for worker in self._backend.workers()
                ],
                jobs=len({id(source) for source in self._dispatcher.active_sources}),
                batches_running=running,
                batches_waiting=waiting,
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
            self._dispatcher.closed = True
            if cancel_futures:
                self._calls.cancel_waiting()
                for job in self._active_jobs():
                    job.fail(concurrent.futures.CancelledError())
            unfinished = self._unfinished()
            self._dispatcher.pump()  # stops the backend where nothing is left
        if wait:
            for future in unfinished:
                _wait_quietly(future)

    def terminate_workers(self) -> None:
        """Stop all workers at once, whatever they do, and shut down.

        Calls and items that have not ended fail with `TerminatedWorkerError`.
        """
        with self._lock:
            self._dispatcher.closed = True
            error = TerminatedWorkerError("the pool's workers were stopped", started=None)
            self._dispatcher.lose_all(error)
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
        self.shutdown(wait=False)
        with self._lock:
            pending = [asyncio.wrap_future(future) for future in self._unfinished()]
        # Shielded: a wait that is given up must not cancel the work.
        await asyncio.shield(asyncio.gather(*pending, return_exceptions=True))

    def _unfinished(self) -> list[concurrent.futures.Future[Any]]:
        """What is done when the calls and jobs that were taken have ended."""
        return [*self._calls.unfinished, *(job.ended for job in self._active_jobs())]

    def _active_jobs(self) -> set[MapJob]:
        sources = self._dispatcher.active_sources
        return {source for source in sources if isinstance(source, MapJob)}

    def _hold(
        self, function: Encoded, until: concurrent.futures.Future[Any]
    ) -> tuple[str, str | None]:
        """Put a function and the surroundings of now on the workers, for as long as needed."""
        described = self._backend.environment()
        keys = [self._objects.hold(function_key(function), function)]
        if described is not None:
            keys.append(self._objects.hold(*described))

        def release(_: object) -> None:
            for key in keys:
                self._objects.release(key)

        until.add_done_callback(release)
        return keys[0], None if described is None else keys[1]

    def _check_open(self) -> None:
        if self._dispatcher.closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        if self._dispatcher.broken is not None:
            raise PoolStartError(str(self._dispatcher.broken))


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
