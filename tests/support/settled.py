"""Waits for what a pool of threads does by itself, in a moment that no future tells."""

from __future__ import annotations

import time
from collections.abc import Callable

from jupyterlite_pool import WorkerPoolExecutor, get_reusable_executor
from jupyterlite_pool.waiting.waits import wait_for_callbacks


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until something is so, for this many seconds at most."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.001)


def workers_are_ready(executor: WorkerPoolExecutor) -> None:
    """Wait until all workers of a pool are ready; each of them says so in its own thread."""
    until(lambda: len(executor.ready_workers) == executor.max_workers, seconds=30)


def callbacks_have_run(executor: WorkerPoolExecutor | None = None) -> None:
    """Wait until all has been told of what has ended.

    Args:
        executor: its pool; None for the shared one.
    """
    wait_for_callbacks((executor or get_reusable_executor())._pool.dispatcher.lock)
