"""Tells a task about the worker that runs it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple


class WorkerInfo(NamedTuple):
    """The worker that runs the current task.

    Attributes:
        id: the worker's number in its pool. A replacement gets a new number.
        pid: what `os.getpid()` returns in the worker. It differs between the workers of a pool.
        attempt: 1 for the task's first try.
    """

    id: int
    pid: int
    attempt: int


_current: ContextVar[WorkerInfo | None] = ContextVar("current_worker", default=None)


def current_worker() -> WorkerInfo | None:
    """The worker that runs the current task; None outside of a task."""
    return _current.get()


def set_current_worker(info: WorkerInfo | None) -> None:
    """Set the worker of the tasks that run next; None after the last one."""
    _current.set(info)
