"""`Pool` as in `multiprocessing`, on Pyodide workers."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Generic, TypeVar

from ..api.executor import WorkerPoolExecutor
from ..api.options import check_count
from ..backends.base import Backend
from ..jobs.arrivals import Completed
from ..jobs.job import MapJob
from ..jobs.options import MapOptions
from ..notebook.card import show_progress
from ..waiting.browser import can_block
from ..waiting.futures import PoolFuture
from ..waiting.waits import wait_done
from ..worker.stand_in_calls import StarCall

T = TypeVar("T")

_INSTEAD = "values = await pool.map_async(f, xs)"


class AsyncResult(Generic[T]):
    """The result of `apply_async`, `map_async` or `starmap_async`; can be awaited as well."""

    def __init__(
        self,
        future: Future[T],
        callback: Callable[[T], object] | None,
        error_callback: Callable[[BaseException], object] | None,
    ) -> None:
        #: It is done when the callback has run, as in the standard library.
        self._future: PoolFuture[T] = PoolFuture()

        def done(future: Future[T]) -> None:
            if future.cancelled():  # together with the whole pool
                self._future.withdraw()
                return
            error = future.exception(0)
            try:
                if error is None and callback is not None:
                    callback(future.result(0))
                elif error is not None and error_callback is not None:
                    error_callback(error)
            finally:
                if error is None:
                    self._future.set_result(future.result(0))
                else:
                    self._future.set_exception(error)

        future.add_done_callback(done)

    def get(self, timeout: float | None = None) -> T:
        """The value, once it is there.

        Raises:
            multiprocessing.TimeoutError: it is not there after `timeout` seconds.
            BlockingUnavailableError: it is not there, and the browser cannot wait.
            Exception: whatever the call raised.
        """
        self.wait(timeout)
        if not self.ready():
            raise multiprocessing.TimeoutError
        return self._future.result(0)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the result is there, or for `timeout` seconds."""
        try:
            wait_done(self._future, timeout, _INSTEAD)
        except TimeoutError:
            pass  # `wait` only waits

    def ready(self) -> bool:
        """Whether the call has ended."""
        return self._future.done()

    def successful(self) -> bool:
        """Whether the call ended without an exception; `ValueError` if it has not ended."""
        if not self.ready():
            raise ValueError(f"{self!r} not ready")
        return self._future.exception(0) is None

    def __await__(self) -> Generator[object, None, T]:
        # Shielded: whoever stops to wait does not cancel the call. `multiprocessing` has no cancel.
        return asyncio.shield(asyncio.wrap_future(self._future)).__await__()


class IMapIterator(Generic[T]):
    """Gives the values of `imap` in order, or those of `imap_unordered` as they come."""

    def __init__(self, job: MapJob, *, ordered: bool) -> None:
        self._job = job
        #: The next item to give, if values are given in order.
        self._index = 0
        #: Tells which item has ended next; None if values are given in order.
        self._completed = None if ordered else Completed(job.arrivals)

    def __iter__(self) -> IMapIterator[T]:
        return self

    def __next__(self) -> T:
        return self.next()

    def next(self, timeout: float | None = None) -> T:
        """The next value.

        Raises:
            multiprocessing.TimeoutError: it is not there after `timeout` seconds.
            StopIteration: there is none.
            Exception: whatever the item's call raised.
        """
        try:
            index = self._next_index(timeout)
        except TimeoutError as error:
            raise multiprocessing.TimeoutError from error
        value: T = self._job.outcomes.give(index)
        return value

    def _next_index(self, timeout: float | None) -> int:
        if self._completed is None:
            arrival = self._job.arrivals.of(self._index)
            wait_done(arrival, timeout, _INSTEAD)
            if arrival.result(0):
                self._index += 1
                return self._index - 1
        else:
            while (found := self._completed.look()) is not None:
                if isinstance(found, int):
                    return found
                wait_done(found, timeout, _INSTEAD)
        self._job.settled.result(0)  # raises the error of the iterable, if it has raised one
        raise StopIteration


class Pool:
    """Works as `multiprocessing.Pool`, with workers of its own.

    Args:
        processes: number of workers; None for one per core, as far as memory allows.
        initializer: called once in every worker before anything else.
        initargs: the initializer's arguments.
        maxtasksperchild: replace a worker that has run this many tasks; None to keep it.
        context: ignored: there is one way to start a worker.
        backend: who runs the workers; None for the browser.

    Raises:
        ValueError: `processes` or `maxtasksperchild` is less than 1.
        TypeError: one of them is not an integer.
    """

    def __init__(
        self,
        processes: int | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: Sequence[Any] = (),
        maxtasksperchild: int | None = None,
        context: object = None,
        *,
        backend: Backend | None = None,
    ) -> None:
        check_count("processes", processes, optional=True)
        check_count("maxtasksperchild", maxtasksperchild, optional=True)
        self._executor = WorkerPoolExecutor(
            processes,
            initializer=initializer,
            initargs=initargs,
            max_tasks_per_child=maxtasksperchild,
            backend=backend,
        )

    def apply(
        self,
        func: Callable[..., T],
        args: Sequence[Any] = (),
        kwds: Mapping[str, Any] | None = None,
    ) -> T:
        """`func(*args, **kwds)` on a worker; waits for the value."""
        return self.apply_async(func, args, kwds).get()

    def apply_async(
        self,
        func: Callable[..., T],
        args: Sequence[Any] = (),
        kwds: Mapping[str, Any] | None = None,
        callback: Callable[[T], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
    ) -> AsyncResult[T]:
        """As `apply`, without waiting; one of the callbacks gets the value or the error."""
        self._check_running()
        future = self._executor.submit(func, *args, **dict(kwds or {}))
        return AsyncResult(future, callback, error_callback)

    def map(
        self, func: Callable[[Any], T], iterable: Iterable[Any], chunksize: int | None = None
    ) -> list[T]:
        """`func(x)` for every item; waits for the list of values."""
        return self.map_async(func, iterable, chunksize).get()

    def map_async(
        self,
        func: Callable[[Any], T],
        iterable: Iterable[Any],
        chunksize: int | None = None,
        callback: Callable[[list[T]], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
    ) -> AsyncResult[list[T]]:
        """As `map`, without waiting; one of the callbacks gets the list or the first error."""
        job = self._start(func, list(iterable), chunksize)
        return AsyncResult(_all_values(job), callback, error_callback)

    def starmap(
        self,
        func: Callable[..., T],
        iterable: Iterable[Iterable[Any]],
        chunksize: int | None = None,
    ) -> list[T]:
        """`func(*args)` for every item; waits for the list of values."""
        return self.map(StarCall(func), iterable, chunksize)

    def starmap_async(
        self,
        func: Callable[..., T],
        iterable: Iterable[Iterable[Any]],
        chunksize: int | None = None,
        callback: Callable[[list[T]], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
    ) -> AsyncResult[list[T]]:
        """As `starmap`, without waiting."""
        return self.map_async(StarCall(func), iterable, chunksize, callback, error_callback)

    def imap(
        self, func: Callable[[Any], T], iterable: Iterable[Any], chunksize: int = 1
    ) -> IMapIterator[T]:
        """As `map`, but the values come one after the other, each as soon as it is there."""
        return IMapIterator(self._start(func, iterable, chunksize), ordered=True)

    def imap_unordered(
        self, func: Callable[[Any], T], iterable: Iterable[Any], chunksize: int = 1
    ) -> IMapIterator[T]:
        """As `imap`, in the order in which the values come."""
        return IMapIterator(self._start(func, iterable, chunksize), ordered=False)

    def close(self) -> None:
        """Take no more work; the workers end when theirs is done."""
        self._executor.shutdown(wait=False)

    def terminate(self) -> None:
        """Stop the workers at once; calls that have not ended fail."""
        self._executor.terminate_workers()

    def join(self) -> None:
        """Wait for the workers to end.

        Raises:
            ValueError: neither `close` nor `terminate` was called before.
        """
        if not self._executor.closed:
            raise ValueError("Pool is still running")
        if can_block():
            self._executor.shutdown()

    def __enter__(self) -> Pool:
        self._check_running()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.terminate()

    def _start(
        self, func: Callable[..., Any], iterable: Iterable[Any], chunksize: int | None
    ) -> MapJob:
        self._check_running()
        check_count("chunksize", chunksize, optional=True)
        options = MapOptions(chunksize=chunksize, return_exceptions=True)
        pool = self._executor._pool

        def begins(job: MapJob) -> None:
            show_progress(job, job.label, None, pool)

        return pool.start_job(func, [iterable], options, begins=begins)

    def _check_running(self) -> None:
        if self._executor.closed:
            raise ValueError("Pool not running")


def _all_values(job: MapJob) -> Future[list[Any]]:
    """Resolves when every item has ended; fails with the error of the first that failed."""
    future: Future[list[Any]] = Future()

    def ended(_: object) -> None:
        values, failures = job.outcomes.values, job.outcomes.failures
        error = job.settled.exception(0)
        if error is None and failures:
            error = failures[min(failures)]
        if error is None:
            future.set_result([values[index] for index in range(len(values))])
        else:
            future.set_exception(error)

    job.ended.add_done_callback(ended)
    return future
