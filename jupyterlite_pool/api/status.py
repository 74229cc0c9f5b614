"""`PoolStatus`: what a pool does at one moment."""

from __future__ import annotations

from typing import NamedTuple

from ..backends.base import WorkerStatus
from ..dispatch.pool import Pool


class PoolStatus(NamedTuple):
    """A pool at one moment."""

    #: How many workers it should have.
    size: int
    workers: list[WorkerStatus]
    #: Jobs that have not ended. All unfinished calls of `submit` together count as one.
    jobs: int
    batches_running: int
    batches_waiting: int
    #: Further workers, which are ready to replace one that is lost.
    spares: int = 0

    def __str__(self) -> str:
        ready = sum(worker.state != "starting" for worker in self.workers)
        spares = f", {self.spares} spare" if self.spares else ""
        lines = [
            f"{ready} of {self.size} workers ready{spares}; "
            f"{self.batches_running} batches running, {self.batches_waiting} waiting"
        ]
        for worker in self.workers:
            memory = f", {worker.memory / 2**20:.0f} MB" if worker.memory else ""
            tasks = f"{worker.tasks} task{'s' * (worker.tasks != 1)} run"
            lines.append(f"worker {worker.id} (pid {worker.pid}): {worker.state}, {tasks}{memory}")
        return "\n".join(lines)


def status_of(pool: Pool) -> PoolStatus:
    """A pool as it is now."""
    dispatcher, backend = pool.dispatcher, pool.backend
    with dispatcher.lock:
        batches = dispatcher.ledger.open_batches()
        running = sum(batch.worker is not None for batch in batches)
        tasks_run = pool.listener.tasks_run
        return PoolStatus(
            size=backend.size,
            workers=[worker._replace(tasks=tasks_run[worker.id]) for worker in backend.workers()],
            jobs=len(dispatcher.active_sources()),
            batches_running=running,
            batches_waiting=len(batches) - running,
            spares=backend.spares(),
        )
