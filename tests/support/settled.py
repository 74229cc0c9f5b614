"""Waits for what a pool of threads does by itself, in a moment that no future tells."""

from __future__ import annotations

import time

from jupyterlite_pool import WorkerPoolExecutor, get_reusable_executor

#: Seconds that anything here may take on a busy machine.
LONG = 30


def workers_are_ready(executor: WorkerPoolExecutor) -> None:
    """Wait until all workers of a pool are ready; each of them says so in its own thread."""
    deadline = time.monotonic() + LONG
    while len(executor.ready_workers) < executor.max_workers:
        assert time.monotonic() < deadline, "not all workers came"
        time.sleep(0.001)


def callbacks_have_run(executor: WorkerPoolExecutor | None = None) -> None:
    """Wait until all has been told of what has ended.

    A future wakes those who wait for it, and calls its callbacks only then. The thread that does so
    holds the lock of the pool until it is through.

    Args:
        executor: its pool; None for the shared one.
    """
    with (executor or get_reusable_executor())._pool.dispatcher.lock:
        pass
