"""The one warm pool of a kernel."""

from __future__ import annotations

from ._executor import WorkerPoolExecutor

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
