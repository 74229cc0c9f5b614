"""`pool_map`: runs a function over many items on the shared pool, or in the notebook's Python."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

from ..dispatch.pool import Pool
from ..errors import (
    BlockingUnavailableError,
    PoolFallbackWarning,
    PoolStartError,
)
from ..jobs.job import MapJob
from ..jobs.options import Again, MapOptions
from ..jobs.run_here import run_now, run_serially, spawn
from ..notebook.card import show_progress
from ..waiting.browser import can_block
from ..wire.calls import encode_function
from ..worker.current_worker import current_worker
from .feeding import Reading, feed
from .history import keep
from .map_result import INSTEAD, MapResult
from .names_of_options import explains_its_options
from .options import check_map_options
from .shared import get_reusable_executor, tell_of_fewer

T = TypeVar("T")


@explains_its_options
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
    starmap: bool = False,
    total: int | None = None,
    block: bool | None = None,
) -> MapResult[T]:
    """Apply a function to every item, on the workers of the shared pool.

    Like the built-in `map`, but in parallel, at once and with a list as its result. The function
    may be a lambda, a closure, a method or an `async def`; it and its arguments are copied to the
    workers as they are now. Starts at once. Then waits for the end where the browser can pause
    Python; elsewhere, write `results = await pool_map(f, xs)`, which works everywhere.

    Args:
        fn: what to call.
        *iterables: the items; with several, `fn` takes one argument from each, and the shortest
            decides how many calls there are. An iterable without a length is read only as the
            pool has room for its items.
        max_workers: run this job on at most this many workers at once.
        chunksize: how many items travel together; "auto" adapts it to how long they take. Batches
            that end at once may be joined.
        strict: raise ValueError if the iterables have different lengths.
        seed: gives each item a random stream of its own that depends only on this number and the
            item's index.
        timeout: seconds that the whole job may take; then it is stopped with the items that run,
            and what has finished is kept.
        task_timeout: seconds that one call of `fn` may take. Then it gets a `KeyboardInterrupt`; if
            it does not end within a second, its worker is replaced.
            The time in which a worker loads packages or reads arguments does not count.
        retries: how often to run an item again whose worker was lost, or whose time was over. An
            item that raised an exception never runs again.
        return_exceptions: run every item, and put exceptions among the results.
        progress: True to show the progress card at once, False for none; None to show it if the
            job takes longer than half a second.
        label: the job's name on the card; the function's name by default.
        group_outputs: how to show the output of the items: "order" as it comes; "item" in the
            order of the items, each as soon as all before it have ended; "worker" worker by worker
            when the job has ended.
        starmap: take each item as a tuple of arguments, as `itertools.starmap` does.
        total: how many items there will be, for the card, if an iterable does not say.
        block: True to wait for the end, False not to; None to wait if the browser can pause Python.

    Returns:
        The results in the order of the items, as a list that can do more.

    Raises:
        TypeError: `fn` is not callable, there is no iterable, an option is not a number, or there
            is no such option.
        ValueError: an option is out of its range, or `strict` is set and the lengths differ.
        pickle.PicklingError: the function or an argument cannot be sent; the message names it.
        BlockingUnavailableError: `block=True` where Python cannot be paused.
        TaskTimeoutError: an item exceeded `task_timeout`.
        TimeoutError: the job exceeded `timeout`.
        TerminatedWorkerError: a worker was lost while it ran an item.
        KeyboardInterrupt: the kernel was interrupted, or Cancel was pressed on the card of the job.
            The job was cancelled with the items that ran.
        CancelledError: somebody cancelled the job.
        Exception: the first one that an item raised, with the traceback of the worker as its cause.
            Like the others, it has the results so far in its attribute `map_result`.

    Warns:
        PoolFallbackWarning: no worker can start, and the items run in the notebook's own Python.
    """
    __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
    check_items(fn, iterables, starmap)
    given: dict[str, Any] = {
        "strict": strict,
        "chunksize": chunksize,
        "return_exceptions": return_exceptions,
        "retries": retries,
        "task_timeout": task_timeout,
        "seed": seed,
        "max_workers": max_workers,
        "group_outputs": group_outputs,
        "starmap": starmap,
        "total": total,
        "label": label,
    }
    check_map_options({**given, "timeout": timeout})
    if block and not can_block():
        raise BlockingUnavailableError(INSTEAD)
    options = _with_changes(MapOptions(), given)
    if current_worker() is not None:
        return _map_in_task(fn, iterables, options)
    waits = can_block() if block is None else block
    job, pool = start(fn, iterables, replace(options, waited=waits), timeout, progress)
    result: MapResult[T] = MapResult(job, run_again)
    keep(result)
    if waits and pool is not None:
        feed(result, pool)
    return result.wait() if waits else result


def run_again(
    first: MapJob,
    fn: Callable[..., Any],
    inputs: Sequence[tuple[Any, ...]],
    again: Again,
    changes: Mapping[str, Any],
) -> MapJob:
    """Run items of a job again; see `Rerun`."""
    __tracebackhide__ = True
    check_items(fn, [inputs], starmap=True)
    check_map_options(changes)
    changes = dict(changes)
    timeout, progress = changes.pop("timeout", None), changes.pop("progress", None)
    options = replace(first.options, strict=False, starmap=True, total=None, again=again)
    options = _with_changes(options, changes)
    if current_worker() is not None:
        return _job_in_task(fn, [inputs], options)
    return start(fn, [inputs], options, timeout, progress)[0]


def start(
    fn: Callable[..., Any],
    iterables: Sequence[Iterable[Any]],
    options: MapOptions,
    timeout: float | None,
    progress: bool | None,
) -> tuple[MapJob, Pool | None]:
    """Start a job on the pool, or in the notebook's own Python where no worker can start."""
    __tracebackhide__ = True
    # A result that still runs is waited for here: where items are read, the pool stands still.
    iterables = [list(each) if isinstance(each, MapResult) else each for each in iterables]
    try:
        pool = get_reusable_executor()._pool
        options = _within(pool, options)
        reading = Reading()

        def begins(job: MapJob) -> None:
            reading.follow(job)
            show_progress(job, job.label, progress, pool)
            if timeout is not None:
                pool.limit_job(job, timeout, lambda: job.abort(_overdue(timeout)))

        with reading:
            job = pool.start_job(fn, iterables, options, takeover=_fall_back, begins=begins)
        return job, pool
    except PoolStartError as error:
        job = MapJob(fn, iterables, options)
        _fall_back(job, error)
        return job, None


def _within(pool: Pool, options: MapOptions) -> MapOptions:
    """The options, with a warning if the pool has fewer workers than were asked for; once."""
    asked, size = options.max_workers, pool.backend.size
    if asked is None or asked <= size:
        return options
    tell_of_fewer(asked, size, stacklevel=6)
    return replace(options, granted=size)


def _with_changes(options: MapOptions, changes: Mapping[str, Any]) -> MapOptions:
    """Other options of `pool_map` in place of some of these."""
    own: dict[str, Any] = {
        n: None if (n, v) == ("chunksize", "auto") else v for n, v in changes.items()
    }
    return replace(options, **own)


def check_items(fn: object, iterables: Sequence[object], starmap: bool) -> None:
    """Raise TypeError if this is no function, or nothing to map it over."""
    if not callable(fn):
        raise TypeError(f"the first argument must be a function, not {type(fn).__name__!r}")
    if not iterables:
        raise TypeError("there is nothing to map over: write pool_map(f, xs)")
    for iterable in iterables:
        if not isinstance(iterable, Iterable) and not hasattr(iterable, "__getitem__"):
            raise TypeError(f"{type(iterable).__name__!r} is not iterable: write pool_map(f, xs)")
    if starmap and len(iterables) > 1:
        raise TypeError(
            f"starmap=True takes one iterable of tuples, not {len(iterables)} iterables: "
            "leave it out, or write pool_map(f, zip(xs, ys), starmap=True)"
        )


def _map_in_task(
    fn: Callable[..., T], iterables: Sequence[Iterable[Any]], options: MapOptions
) -> MapResult[T]:
    """Run a job inside a task, one item after the other: workers have no pool of their own."""
    __tracebackhide__ = True
    job = _job_in_task(fn, iterables, options)
    result: MapResult[T] = MapResult(job, run_again)
    return result.wait() if job.ended.done() or can_block() else result


def _job_in_task(
    fn: Callable[..., Any], iterables: Sequence[Iterable[Any]], options: MapOptions
) -> MapJob:
    job = MapJob(fn, iterables, options)
    if inspect.iscoroutinefunction(fn):
        spawn(run_serially(job))
    else:
        run_now(job)
    return job


def _fall_back(job: MapJob, reason: PoolStartError) -> None:
    """Run a job in the notebook's own Python, and say so."""
    feed = job.items.feed
    if feed is not None:
        feed.close()
    count = "the" if job.items.total is None else str(job.items.total)
    what = f"running {count} items one at a time in the kernel."
    if job.options.single:
        what = "the cell runs in the kernel, so the next cells wait for it."
    try:
        encode_function(job.function)  # a function that cannot be sent is an error here, too
        # Explicitly, since Python shows an ordinary warning only once, and each such job is slow.
        warnings.warn_explicit(
            f"no worker could start ({reason}); {what}",
            PoolFallbackWarning,
            __file__,
            0,
        )
    except Exception as error:  # of the function, or the warning where warnings are errors
        job.fail(error)
        return
    if feed is None:
        spawn(run_serially(job))
    else:
        feed.when_free(lambda: spawn(run_serially(job)))


def _overdue(timeout: float) -> TimeoutError:
    return TimeoutError(f"the job took longer than timeout={timeout:g} s")
