"""`PoolStatus`: what a pool does at one moment."""

from __future__ import annotations

from typing import NamedTuple

from ..backends.base import WorkerStatus


class PoolStatus(NamedTuple):
    """A pool at one moment."""

    #: How many workers it should have.
    size: int
    workers: list[WorkerStatus]
    #: Jobs, and calls of `submit` taken together as one, that have not ended.
    jobs: int
    batches_running: int
    batches_waiting: int
    #: Workers beyond these that are ready to replace one that is lost.
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
