"""The one warm pool of a kernel."""

from __future__ import annotations

from ..notebook.page import page
from .default_backend import default_workers
from .executor import WorkerPoolExecutor

#: Seconds between two looks whether the first worker of a pool is ready.
LOOKS = 0.1

_shared: WorkerPoolExecutor | None = None

#: The pool that has one worker so far, and how many it is to have.
_growing: tuple[WorkerPoolExecutor, int] | None = None


def get_reusable_executor(max_workers: int | None = None) -> WorkerPoolExecutor:
    """The one warm pool of this kernel; `pool_map` and the magics use it.

    Started at the first call, and again after it was shut down or could not start. Where the page
    has the labextension it is there from the kernel's start.

    Args:
        max_workers: its size, where it is started now; None for one worker per core.
    """
    global _shared
    if _shared is None or _shared.closed or _shared.broken is not None:
        _shared = WorkerPoolExecutor(page.max_workers if max_workers is None else max_workers)
    elif _growing is not None and _growing[0] is _shared:
        _grow(max_workers)
    return _shared


def set_reusable_executor(executor: WorkerPoolExecutor | None) -> None:
    """Let `get_reusable_executor` return this one; None for a new one at its next call."""
    global _shared
    _shared = executor


def start_ahead() -> None:
    """Start the pool before anybody needs it, one worker before the others.

    Where nothing waits for them, workers that all start at once would only slow down what the
    notebook does meanwhile. The first use starts those that are missing.
    """
    global _shared, _growing
    if _shared is not None:
        return
    size = page.max_workers or default_workers()
    _shared = WorkerPoolExecutor(1)
    _growing = (_shared, size)
    _look(_shared)


def _look(executor: WorkerPoolExecutor) -> None:
    if _growing is None or _growing[0] is not executor or executor.closed or executor.broken:
        return
    if executor._pool.ready_workers:
        _grow(None)
    else:
        executor._pool.call_later(LOOKS, lambda: _look(executor))


def _grow(max_workers: int | None) -> None:
    """Give the pool the size that it is to have."""
    global _growing
    assert _growing is not None
    (executor, size), _growing = _growing, None
    executor.scale(size if max_workers is None else max_workers)
