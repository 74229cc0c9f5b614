"""`pool_map`: a function over many items on the warm pool, and what comes of it."""

from __future__ import annotations

import asyncio
import inspect
import warnings
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any, Generic, Literal, TypeVar, overload

from ..errors import BlockingUnavailableError, PoolFallbackWarning, PoolStartError
from ..jobs.job import GROUPINGS, MapJob, Timing
from ..jobs.run_here import run_now, run_serially, spawn
from ..notebook.card import show_progress
from ..tracebacks import attach, notes_of, set_notes, shorten
from ..waiting.browser import can_block
from ..waiting.waits import EndOf, wait_done
from ..wire.calls import encode_function
from ..worker.context import current_worker
from .options import check_count, check_seconds
from .shared import get_reusable_executor

T = TypeVar("T")

_INSTEAD = "results = await pool_map(f, xs)"


def pool_map(
    fn: Callable[..., T],
    /,
    *iterables: Iterable[Any],
    max_workers: int | None = None,
    chunksize: int | Literal["auto"] = "auto",
    strict: bool = False,
    seed: int | None = None,
    timeout: float | None = None,
    task_timeout: float | None = None,
    retries: int = 0,
    return_exceptions: bool = False,
    progress: bool | None = None,
    label: str | None = None,
    group_outputs: Literal["order", "item", "worker"] = "order",
    block: bool | None = None,
) -> MapResult[T]:
    """Apply a function to every item, on the workers of the warm pool.

    Like the built-in `map`, but in parallel, at once and with a result that can be indexed. The
    function may be a lambda, a closure, a method or an `async def`; it and its arguments are copied
    to the workers as they are now. Starts at once. Then waits for the end where the browser can
    pause Python; elsewhere, write `results = await pool_map(f, xs)`, which works everywhere and
    gives a plain list.

    Args:
        fn: what to call.
        *iterables: the items; with several, `fn` takes one argument from each, and the shortest
            decides how many calls there are. An iterable without a length is read as needed.
        max_workers: run this job on at most so many workers.
        chunksize: how many items travel together; "auto" adapts it to how long they take.
        strict: raise ValueError where the iterables have different lengths.
        seed: gives each item a random stream of its own that depends only on this number and the
            item's index.
        timeout: seconds that the whole job may take.
        task_timeout: seconds that one item may take; a worker that exceeds it is replaced. They
            count from the call of `fn`: not while packages come, nor while arguments are read.
        retries: how often to run an item again whose worker was lost. Never after an exception.
        return_exceptions: run every item, and put exceptions among the results.
        progress: True to show the progress card at once, False for none; None to show it when the
            job takes longer than half a second.
        label: the job's name on the card; the function's name by default.
        group_outputs: how to show what items print and display: "order" as it comes, "item" in the
            order of the items, each as soon as all before it have ended, "worker" worker by worker
            when all has ended.
        block: True to wait, False not to; None to wait where it is possible.

    Returns:
        The results in the order of the items.

    Raises:
        TypeError: `fn` is not callable, there is no iterable, or an option is no number.
        ValueError: an option is out of its range, or `strict` and the lengths differ.
        pickle.PicklingError: the function or an argument cannot be sent; the message names it.
        BlockingUnavailableError: `block=True` where Python cannot be paused.
        TaskTimeoutError: an item exceeded `task_timeout`.
        TimeoutError: the job exceeded `timeout`.
        TerminatedWorkerError: a worker was lost while it ran an item.
        KeyboardInterrupt: the kernel was interrupted, or Cancel was pressed on the job's card, and
            the job cancelled with what ran of it. It has `map_result`, too.
        CancelledError: somebody cancelled the job. It has that, too.
        Exception: the first one that an item raised, with the traceback of the worker as its cause
            and the job's results so far in its attribute `map_result`.

    Warns:
        PoolFallbackWarning: no worker can start, and the items run in the notebook's own Python.
    """
    __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
    _check_options(fn, iterables, max_workers, chunksize, timeout, task_timeout, retries, seed)
    if group_outputs not in GROUPINGS:
        raise ValueError(f"group_outputs must be one of {GROUPINGS}, not {group_outputs!r}")
    if block and not can_block():
        raise BlockingUnavailableError(_INSTEAD)
    options: dict[str, Any] = {
        "strict": strict,
        "chunksize": None if chunksize == "auto" else chunksize,
        "return_exceptions": return_exceptions,
        "retries": retries,
        "task_timeout": task_timeout,
        "seed": seed,
        "max_workers": max_workers,
        "group_outputs": group_outputs,
    }
    if current_worker() is not None:
        return _map_in_task(fn, iterables, options)
    try:
        executor = get_reusable_executor()
        job = executor.start_job(fn, iterables, **options)
    except PoolStartError as error:
        job = MapJob(fn, iterables, **options)
        _fall_back(job, error)
    else:
        job.takeover = lambda error: _fall_back(job, error)
        show_progress(job, label or job.label, progress, executor)
        if timeout is not None:
            call_off = executor.call_after(timeout, lambda: job.fail(_overdue(timeout)))
            job.ended.add_done_callback(lambda _: call_off())
    result: MapResult[T] = MapResult(job)
    if block or (block is None and can_block()):
        result.wait()
    return result


class MapResult(Sequence[T], Generic[T]):
    """The results of a `pool_map`, in the order of the items.

    While the job runs, `await`, `async for`, `repr`, `cancel`, `partial` and `as_completed` always
    work; indexing and iteration wait for what is not there yet, where the browser can pause Python.
    """

    def __init__(self, job: MapJob) -> None:
        self._job = job

    def __len__(self) -> int:
        """How many items there are. Waits where that is not known yet."""
        if self._job.total is None:
            self.wait()
        return self._job.total or 0

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        __tracebackhide__ = True
        if isinstance(index, slice):
            return [self._item(i) for i in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if place < 0 or (self._job.total is not None and place >= self._job.total):
            raise IndexError(f"item {index} of {self._job.total}")
        return self._item(place)

    def _item(self, index: int) -> T:
        __tracebackhide__ = True
        self._wait_for(self._job.arrival(index))
        return self._get(index)

    def _wait_for(
        self, future: Future[Any], timeout: float | None = None, instead: str = _INSTEAD
    ) -> None:
        __tracebackhide__ = True
        try:
            wait_done(future, timeout, instead, self._job.abort)
        except KeyboardInterrupt as error:
            self.cancel()
            _with_result(error, self)
            raise

    async def _end_of(self, future: Future[Any]) -> None:
        __tracebackhide__ = True
        try:
            await EndOf(future, self._job.abort)
        except KeyboardInterrupt as error:
            _with_result(error, self)
            raise

    def _get(self, index: int) -> T:
        __tracebackhide__ = True
        values, failures = self._job.values, self._job.failures
        if index in values:
            return values[index]  # type: ignore[no-any-return]
        if index in failures:
            if self._job.return_exceptions:
                return failures[index]  # type: ignore[return-value]
            raise failures[index]
        settled = self._job.settled
        error = settled.exception(0) if settled.done() else None
        if error is not None and any(error is failure for failure in failures.values()):
            raise _with_result(error, self) from error.__cause__  # for which it was cancelled
        raise IndexError(f"item {index} was cancelled before it ran")

    def __iter__(self) -> Iterator[T]:
        __tracebackhide__ = True
        index = 0
        while self._job.total is None or index < self._job.total:
            arrival = self._job.arrival(index)
            self._wait_for(arrival)
            if not arrival.result(0) and index not in self._job.cancelled:
                return
            yield self._get(index)
            index += 1

    async def __aiter__(self) -> AsyncIterator[T]:
        __tracebackhide__ = True
        index = 0
        while self._job.total is None or index < self._job.total:
            arrival = self._job.arrival(index)
            await self._end_of(arrival)
            if not arrival.result(0) and index not in self._job.cancelled:
                return
            yield self._get(index)
            index += 1

    def __await__(self) -> Generator[object, None, list[T]]:
        return self._gather().__await__()

    async def _gather(self) -> list[T]:
        __tracebackhide__ = True
        await finished(self)
        return [self._get(i) for i in range(len(self))]

    def __repr__(self) -> str:
        job = self._job
        if job.active:
            total = "?" if job.total is None else job.total
            failed = f", {len(job.failures)} failed" if job.failures else ""
            return f"<MapResult of {job.label}: {len(job.values)}/{total} done{failed}>"
        if len(job.values) == job.total:
            return repr([job.values[i] for i in range(job.total)])
        return (
            f"<MapResult of {job.label}: {len(job.values)} of {job.total} done, "
            f"{len(job.failures)} failed, {len(job.cancelled)} cancelled>"
        )

    def wait(self, timeout: float | None = None) -> MapResult[T]:
        """Wait for the end of the job.

        Args:
            timeout: seconds to wait; None for as long as it takes.

        Raises:
            TypeError: `timeout` is no number.
            TimeoutError: it did not end in time; it goes on.
            BlockingUnavailableError: it has not ended, and the browser cannot pause Python.
            KeyboardInterrupt: the kernel was interrupted; the job is cancelled with what runs.
            Exception: the first one that an item raised, unless exceptions are returned.
        """
        __tracebackhide__ = True
        check_seconds("timeout", timeout, positive=False)
        self._wait_for(self._job.settled, timeout)
        error = self._job.settled.exception(0)
        if error is not None:
            raise _with_result(error, self) from error.__cause__
        return self

    def done(self) -> bool:
        """Whether nothing of the job runs or waits any more."""
        return not self._job.active

    def cancel(self, running: bool = False) -> None:
        """Start no more items; whoever waits gets `CancelledError`.

        Those that run finish in the background.

        Args:
            running: cancel these, too: the workers that run them are stopped, and replaced.
        """
        if running:
            self._job.abort()
        else:
            self._job.fail(CancelledError("the job was cancelled"))

    def partial(self, default: Any = None) -> list[Any]:
        """What is there now, with `default` for what is not."""
        size = self._job.total
        if size is None:
            size = max([-1, *self._job.values, *self._job.failures]) + 1
        values = self._job.values
        if self._job.return_exceptions:
            values = {**self._job.failures, **values}
        return [values.get(i, default) for i in range(size)]

    def as_completed(self) -> AsCompleted[T]:
        """Pairs of index and value in the order in which they arrive; for `for` and `async for`."""
        return AsCompleted(self._job, self)

    @property
    def failed(self) -> dict[int, BaseException]:
        """The exceptions so far, by index."""
        return dict(sorted(self._job.failures.items()))

    @property
    def stdout(self) -> dict[int, str]:
        """What items printed, by index; what printed nothing is not in it."""
        return dict(sorted(self._job.output.items()))

    def retry_failed(self, **options: Any) -> MapResult[T]:
        """Run the items again that failed or were cancelled, and nothing else.

        Args:
            **options: options of `pool_map` for this run.

        Returns:
            This result, with what they give now.
        """
        __tracebackhide__ = True
        again = sorted({*self._job.failures, *self._job.cancelled})
        if not again:
            return self
        inputs = zip(*self._job.inputs(again), strict=True)
        rerun = pool_map(self._job.function, *inputs, **{**options, "block": False})
        self._job.adopt(rerun._job, again)
        return self.wait() if can_block() and options.get("block") is not False else self

    def timeline(self) -> list[Timing]:
        """When and where each item ran, in the order in which they started."""
        return sorted(self._job.timings.values(), key=lambda timing: timing.start)

    def insights(self) -> str:
        """In a sentence or two: how busy the workers were, and which items took longest."""
        timings = [timing for timing in self._job.timings.values() if timing.worker is not None]
        if not timings:
            return "no item has run on a worker"
        workers = {timing.worker for timing in timings}
        busy = sum(timing.seconds for timing in timings)
        share = busy / max(self._job.working() * len(workers), 1e-9)
        slowest = sorted(timings, key=lambda timing: -timing.seconds)[:3]
        names = ", ".join(f"{timing.item} ({timing.seconds:.2g} s)" for timing in slowest)
        count = "1 worker" if len(workers) == 1 else f"{len(workers)} workers"
        return f"{count}, {min(share, 1):.0%} busy; slowest items: {names}"


async def finished(result: MapResult[T]) -> MapResult[T]:
    """A result when its job has settled: `MapResult.wait`, to be awaited."""
    __tracebackhide__ = True
    try:
        await result._end_of(result._job.settled)
    except asyncio.CancelledError:  # whoever awaits it was cancelled
        result.cancel()
        raise
    error = result._job.settled.exception(0)
    if error is not None:
        raise _with_result(error, result) from error.__cause__
    return result


class AsCompleted(Generic[T]):
    """Pairs of index and value as they arrive, for `for` and for `async for`."""

    def __init__(self, job: MapJob, result: MapResult[T]) -> None:
        self._job = job
        self._result = result
        self._ready: list[int] = []
        self._given: set[int] = set()
        job.item_observers.append(self._ready.append)
        self._ready.extend(sorted({*job.values, *job.failures}))

    def __iter__(self) -> Iterator[tuple[int, T]]:
        __tracebackhide__ = True
        while (index := self._next_index()) is not None or self._job.active:
            if index is None:
                arrival, instead = self._job.next_arrival(), "async for index, value in …"
                self._result._wait_for(arrival, instead=instead)
            else:
                yield index, self._result._get(index)

    async def __aiter__(self) -> AsyncIterator[tuple[int, T]]:
        __tracebackhide__ = True
        while (index := self._next_index()) is not None or self._job.active:
            if index is None:
                await self._result._end_of(self._job.next_arrival())
            else:
                yield index, self._result._get(index)

    def _next_index(self) -> int | None:
        while self._ready:
            index = self._ready.pop(0)
            if index not in self._given:  # it may have come twice: before, and while we looked
                self._given.add(index)
                return index
        return None


def _check_options(
    fn: object,
    iterables: Sequence[object],
    max_workers: int | None,
    chunksize: int | str,
    timeout: float | None,
    task_timeout: float | None,
    retries: int,
    seed: int | None,
) -> None:
    if not callable(fn):
        raise TypeError(f"the first argument must be a function, not {type(fn).__name__!r}")
    if not iterables:
        raise TypeError("there is nothing to map over: write pool_map(f, xs)")
    for iterable in iterables:
        if not isinstance(iterable, Iterable) and not hasattr(iterable, "__getitem__"):
            raise TypeError(f"{type(iterable).__name__!r} is not iterable: write pool_map(f, xs)")
    check_count("max_workers", max_workers, optional=True)
    if chunksize != "auto" and (not isinstance(chunksize, int) or chunksize < 1):
        raise ValueError(f'chunksize must be "auto" or at least 1, not {chunksize!r}')
    check_seconds("timeout", timeout)
    check_seconds("task_timeout", task_timeout)
    check_count("retries", retries, 0)
    check_count("seed", seed, 0, optional=True)


def _map_in_task(
    fn: Callable[..., T], iterables: Sequence[Iterable[Any]], options: dict[str, Any]
) -> MapResult[T]:
    """Workers have no pool of their own: inside a task a job runs one item after the other."""
    __tracebackhide__ = True
    job = MapJob(fn, iterables, **options)
    result: MapResult[T] = MapResult(job)
    if not inspect.iscoroutinefunction(fn):
        run_now(job)
        return result.wait()
    spawn(run_serially(job))
    return result.wait() if can_block() else result


def _fall_back(job: MapJob, reason: PoolStartError) -> None:
    """Run a job in the notebook's own Python, and say so."""
    count = "the" if job.total is None else str(job.total)
    try:
        encode_function(job.function)  # what no worker could have run is an error here, too
        # Explicitly, or else Python would say it once only: each such job is a slow one.
        warnings.warn_explicit(
            f"no worker could start ({reason}); running {count} items one at a time in the kernel.",
            PoolFallbackWarning,
            __file__,
            0,
        )
    except Exception as error:  # the warning, where it is an error
        job.fail(error)
        return
    spawn(run_serially(job))


def _overdue(timeout: float) -> TimeoutError:
    return TimeoutError(f"the job took longer than timeout={timeout:g} s")


def _with_result(error: BaseException, result: MapResult[Any]) -> BaseException:
    """The error with what the job has got so far."""
    job = result._job
    attach(error, "map_result", result)
    if isinstance(error, (CancelledError, KeyboardInterrupt)):
        shorten(error)
    finished = len(job.values)
    kept = (
        "1 item finished and is kept"
        if finished == 1
        else f"{finished} items finished and are kept"
    )
    note = f"{kept} in `error.map_result`"
    notes = [text for text in notes_of(error) if not text.endswith("`error.map_result`")]
    set_notes(error, [*notes, note])
    return error
