"""`PoolStatus`: what a pool does at one moment."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..backends.base import WorkerStatus
from ..dispatch.pool import Pool
from .tables import paragraph, table_html


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

    def line(self) -> str:
        """The pool in one line."""
        ready = sum(worker.state != "starting" for worker in self.workers)
        spares = f", {self.spares} spare" if self.spares else ""
        return (
            f"{ready} of {self.size} workers ready{spares}; "
            f"{self.batches_running} batches running, {self.batches_waiting} waiting"
        )

    def __str__(self) -> str:
        lines = [self.line()]
        for worker in self.workers:
            memory = _memory(worker)
            tasks = f"{worker.tasks} task{'s' * (worker.tasks != 1)} run"
            more = f", {memory}" if memory else ""
            lines.append(f"worker {worker.id} (pid {worker.pid}): {worker.state}, {tasks}{more}")
        return "\n".join(lines)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """As text, where a notebook shows none of the HTML."""
        printer.text(str(self))

    def _repr_html_(self) -> str:
        """A table of the workers."""
        rows = [
            (str(each.id), str(each.pid), each.state, str(each.tasks), _memory(each))
            for each in self.workers
        ]
        head = ("worker", "pid", "state", "tasks run", "memory")
        return paragraph(self.line()) + table_html(head, rows)


def _memory(worker: WorkerStatus) -> str:
    return f"{worker.memory / 2**20:.0f} MB" if worker.memory else ""


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
