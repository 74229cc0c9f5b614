"""`pool_map`: runs a function over many items on the warm pool, or in the notebook's Python."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeVar

from ..errors import BlockingUnavailableError, PoolFallbackWarning, PoolStartError
from ..jobs.job import MapJob
from ..jobs.options import GROUPINGS, MapOptions
from ..jobs.run_here import run_now, run_serially, spawn
from ..notebook.card import show_progress
from ..waiting.browser import can_block
from ..wire.calls import encode_function
from ..worker.context import current_worker
from .map_result import INSTEAD, MapResult
from .options import check_count, check_seconds
from .shared import get_reusable_executor

T = TypeVar("T")


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
            decides how many calls there are. An iterable without a length is read only as the
            pool has room for its items.
        max_workers: run this job on at most this many workers at once.
        chunksize: how many items travel together; "auto" adapts it to how long they take.
        strict: raise ValueError if the iterables have different lengths.
        seed: gives each item a random stream of its own that depends only on this number and the
            item's index.
        timeout: seconds that the whole job may take.
        task_timeout: seconds that one call of `fn` may take; a worker that exceeds it is replaced.
            The time in which a worker loads packages or reads arguments does not count.
        retries: how often to run an item again whose worker was lost. An item that raised an
            exception never runs again.
        return_exceptions: run every item, and put exceptions among the results.
        progress: True to show the progress card at once, False for none; None to show it if the
            job takes longer than half a second.
        label: the job's name on the card; the function's name by default.
        group_outputs: how to show the output of the items: "order" as it comes; "item" in the
            order of the items, each as soon as all before it have ended; "worker" worker by worker
            when the job has ended.
        block: True to wait for the end, False not to; None to wait if the browser can pause Python.

    Returns:
        The results in the order of the items.

    Raises:
        TypeError: `fn` is not callable, there is no iterable, or an option is not a number.
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
    _check_options(fn, iterables, max_workers, chunksize, timeout, task_timeout, retries, seed)
    if group_outputs not in GROUPINGS:
        raise ValueError(f"group_outputs must be one of {GROUPINGS}, not {group_outputs!r}")
    if block and not can_block():
        raise BlockingUnavailableError(INSTEAD)
    options = MapOptions(
        strict=strict,
        chunksize=None if chunksize == "auto" else chunksize,
        return_exceptions=return_exceptions,
        retries=retries,
        task_timeout=task_timeout,
        seed=seed,
        max_workers=max_workers,
        group_outputs=group_outputs,
    )
    if current_worker() is not None:
        return _map_in_task(fn, iterables, options)
    try:
        executor = get_reusable_executor()
        job = executor._pool.start_job(fn, iterables, options, takeover=_fall_back)
    except PoolStartError as error:
        job = MapJob(fn, iterables, options)
        _fall_back(job, error)
    else:
        show_progress(job, label or job.label, progress, executor._pool)
        if timeout is not None:
            call_off = executor._pool.call_after(timeout, lambda: job.fail(_overdue(timeout)))
            job.ended.add_done_callback(lambda _: call_off())
    result: MapResult[T] = MapResult(job, pool_map)
    if block or (block is None and can_block()):
        result.wait()
    return result


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
    fn: Callable[..., T], iterables: Sequence[Iterable[Any]], options: MapOptions
) -> MapResult[T]:
    """Run a job inside a task, one item after the other: workers have no pool of their own."""
    __tracebackhide__ = True
    job = MapJob(fn, iterables, options)
    result: MapResult[T] = MapResult(job, pool_map)
    if not inspect.iscoroutinefunction(fn):
        run_now(job)
        return result.wait()
    spawn(run_serially(job))
    return result.wait() if can_block() else result


def _fall_back(job: MapJob, reason: PoolStartError) -> None:
    """Run a job in the notebook's own Python, and say so."""
    count = "the" if job.items.total is None else str(job.items.total)
    try:
        encode_function(job.function)  # a function that cannot be sent is an error here, too
        # Explicitly, since Python shows an ordinary warning only once, and each such job is slow.
        warnings.warn_explicit(
            f"no worker could start ({reason}); running {count} items one at a time in the kernel.",
            PoolFallbackWarning,
            __file__,
            0,
        )
    except Exception as error:  # of the function, or the warning where warnings are errors
        job.fail(error)
        return
    spawn(run_serially(job))


def _overdue(timeout: float) -> TimeoutError:
    return TimeoutError(f"the job took longer than timeout={timeout:g} s")
