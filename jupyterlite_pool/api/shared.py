"""The one shared pool of a kernel, which `pool_map` and the magics use."""

from __future__ import annotations

import warnings
from typing import Any

from ..errors import PoolPerformanceWarning
from ..notebook.page import page
from .default_backend import default_is_dask, default_workers
from .executor import WorkerPoolExecutor

#: Seconds between two checks whether the first worker of a pool is ready.
INTERVAL = 0.1

_shared: WorkerPoolExecutor | None = None

#: The pool that has been started ahead with one worker, and its size later; None at other times.
_growing: tuple[WorkerPoolExecutor, int] | None = None


def get_reusable_executor(max_workers: int | None = None) -> WorkerPoolExecutor:
    """The one shared pool of this kernel; `pool_map` and the magics use it.

    The first call starts it, and so does the next call after it was shut down or could not start.
    On a site with the labextension it is started with the kernel.

    Args:
        max_workers: its size, if this call starts it; None for one worker per core.

    Raises:
        PoolStartError: the engine cannot work here; the message says what it needs.

    Warns:
        PoolPerformanceWarning: it runs already, with fewer workers than `max_workers`.
    """
    global _shared
    running = running_executor()
    if running is None:
        _shared = _start(page.max_workers if max_workers is None else max_workers)
        return _shared
    if _growing is not None and _growing[0] is running:
        _grow(max_workers)
    elif max_workers is not None and max_workers > running.max_workers:
        tell_of_fewer(max_workers, running.max_workers, stacklevel=3)
    return running


def _start(max_workers: int | None) -> WorkerPoolExecutor:
    """Start the pool, with the options that the settings have."""
    options: dict[str, Any] = {
        "idle_timeout": page.idle_timeout,
        "max_worker_memory": page.max_worker_memory,
        "packages": page.preload_packages,
    }
    if page.max_worker_memory is not None and default_is_dask():
        del options["max_worker_memory"]  # the setting is for all notebooks, so it is no error here
    return WorkerPoolExecutor(max_workers, **{name: v for name, v in options.items() if v})


def tell_of_fewer(asked: int, size: int, stacklevel: int) -> None:
    """Warn that the pool has fewer workers than were asked for; once for each pair of numbers."""
    if (asked, size) not in _told:
        _told.add((asked, size))
        has = "1 worker" if size == 1 else f"{size} workers"
        warnings.warn(
            f"max_workers={asked}, but the pool has {has}: no more can work at once. A pool has "
            "one worker for each core, as far as memory and the site's settings allow. "
            f"`%pool scale {asked}` asks for more.",
            PoolPerformanceWarning,
            stacklevel,
        )


#: What was asked for and what there was, of the warnings that were given.
_told: set[tuple[int, int]] = set()


def running_executor() -> WorkerPoolExecutor | None:
    """The shared pool, if it can run calls; this starts none."""
    usable = _shared is not None and not _shared.closed and _shared.broken is None
    return _shared if usable else None


def restart_shared() -> WorkerPoolExecutor:
    """Stop the workers of the shared pool, and start new ones: as many as were asked for before."""
    global _growing
    old, growing, _growing = _shared, _growing, None
    asked = None if old is None or (growing is not None and growing[0] is old) else old._asked
    if old is not None:
        old.terminate_workers()
    set_reusable_executor(None)
    return get_reusable_executor(asked)


def set_reusable_executor(executor: WorkerPoolExecutor | None) -> None:
    """Let `get_reusable_executor` return this executor; None for a new one at its next call."""
    global _shared
    _shared = executor


def start_ahead() -> None:
    """Start the pool before anybody needs it, one worker before the others.

    Nobody waits for the workers yet, and if all started at once they would slow down the notebook.
    The others start when the first is ready, or at the first use of the pool.
    """
    global _shared, _growing
    if _shared is not None:
        return
    size = page.max_workers or default_workers()
    _shared = _start(1)
    _growing = (_shared, size)
    _grow_when_ready(_shared)


def _grow_when_ready(executor: WorkerPoolExecutor) -> None:
    if _growing is None or _growing[0] is not executor or executor.closed or executor.broken:
        return
    if executor._pool.ready_workers:
        _grow(None)
    else:
        executor._pool.call_later(INTERVAL, lambda: _grow_when_ready(executor))


def _grow(max_workers: int | None) -> None:
    """Give the pool that was started ahead its size."""
    global _growing
    assert _growing is not None
    (executor, size), _growing = _growing, None
    executor.scale(size if max_workers is None else max_workers)
