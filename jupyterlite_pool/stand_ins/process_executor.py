"""`ProcessPoolExecutor` as programs written for CPython expect it, over Pyodide workers."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from ..api.executor import WorkerPoolExecutor
from ..backends.base import Backend
from ..worker.stand_in_calls import LoggedInitializer


class ProcessPoolExecutor(WorkerPoolExecutor):
    """A `WorkerPoolExecutor` that breaks as the standard library's does.

    When one of its workers dies, or a call or a result cannot be unpickled, all calls that have not
    ended fail with `BrokenProcessPool`, and no more are taken: programs rely on that.
    `jupyterlite_pool.install` puts this class in place of
    `concurrent.futures.ProcessPoolExecutor`.

    Args:
        max_workers: number of workers; None for one per core, as far as memory allows.
        mp_context: kept, but without effect: there is one way to start a worker.
        initializer: called once in every worker before anything else.
        initargs: the initializer's arguments.
        max_tasks_per_child: replace a worker that has run this many tasks.
        backend: runs the workers; None for the browser.

    Raises:
        ValueError, TypeError: as `WorkerPoolExecutor`.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        mp_context: object = None,
        initializer: Callable[..., object] | None = None,
        initargs: Sequence[Any] = (),
        *,
        max_tasks_per_child: int | None = None,
        backend: Backend | None = None,
    ) -> None:
        # Like a spawned process, a worker is a new interpreter.
        self._mp_context = mp_context or multiprocessing.get_context("spawn")
        super().__init__(
            max_workers,
            initializer=LoggedInitializer(initializer) if callable(initializer) else initializer,
            initargs=initargs,
            max_tasks_per_child=max_tasks_per_child,
            backend=backend,
        )

    @staticmethod
    def _break_with(reason: str) -> Exception:
        return BrokenProcessPool(
            "a worker of the pool was terminated abruptly while the future was running or "
            f"pending: {reason}"
        )
