"""The executor with the internal names that CPython's tests read in the standard library's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from multiprocessing.context import BaseContext
from typing import Any

from pyodide.ffi import run_sync

from jupyterlite_pool.backends.base import WorkerStatus
from jupyterlite_pool.stand_ins.process_executor import ProcessPoolExecutor

from .stock import LentBackend


class Joinable:
    """A part of an executor that ends: a process, a thread, or the thread of a queue."""

    def __init__(self, has_ended: Callable[[], bool]) -> None:
        self._has_ended = has_ended

    def join(self, timeout: float | None = None) -> None:
        run_sync(asyncio.wait_for(self._end(), timeout))

    join_thread = join

    async def _end(self) -> None:
        while not self._has_ended():
            await asyncio.sleep(0.01)


class WorkerProcess(Joinable):
    """A worker that looks like a process."""

    def __init__(self, backend: Any, worker: WorkerStatus) -> None:
        super().__init__(lambda: all(status.id != worker.id for status in backend.workers()))
        self._backend = backend
        self._worker = worker.id
        self.pid = worker.pid

    def terminate(self) -> None:
        self._backend.kill(self._worker)


class TestedExecutor(ProcessPoolExecutor):
    """Our `ProcessPoolExecutor` with the attributes that the tests read."""

    def __init__(
        self, max_workers: int | None = None, mp_context: BaseContext | None = None, **options: Any
    ) -> None:
        backend: Any = None
        # With other options, workers are set up or end early: they must not outlive the executor.
        if max_workers is not None and max_workers > 0 and not any(options.values()):
            backend = LentBackend(max_workers)
        super().__init__(max_workers, mp_context, **options, backend=backend)

    @property
    def _processes(self) -> dict[int, WorkerProcess]:
        """The workers that have had tasks: the standard library starts processes for tasks only.

        It starts them within `submit`; here a worker is given a task a moment later.
        """
        run_sync(self._given())
        return {
            worker.pid: WorkerProcess(self._pool.backend, worker)
            for worker in self.status().workers
            if worker.tasks or worker.state == "busy"
        }

    async def _given(self) -> None:
        batches = self._pool.dispatcher.ledger.open_batches
        while (waiting := batches()) and all(batch.worker is None for batch in waiting):
            await asyncio.sleep(0.01)

    @property
    def _broken(self) -> BaseException | None:
        return self.broken

    @property
    def _executor_manager_thread(self) -> Joinable:
        dispatcher, backend = self._pool.dispatcher, self._pool.backend
        return Joinable(lambda: not dispatcher.active_sources() and not backend.workers())

    _call_queue = _executor_manager_thread
