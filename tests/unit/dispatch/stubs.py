"""A source of tasks that notes what it is told."""

from __future__ import annotations

from collections.abc import Sequence

from jupyterlite_pool.jobs.call_queue import CallQueue
from jupyterlite_pool.jobs.tasks import Held, Task
from jupyterlite_pool.wire.payload import Encoded


def task(index: int = 0) -> Task:
    return Task(index, Held("f"), Encoded(b"", []))


class Source(CallQueue):
    """Notes when its batches start and stop."""

    def __init__(self, task_timeout: float | None = None) -> None:
        super().__init__()
        self.task_timeout = task_timeout
        self.log: list[str] = []

    def started(self, tasks: Sequence[Task]) -> None:
        self.log.append("started")

    def stopped(self) -> None:
        self.log.append("stopped")
