"""Jobs whose tasks are taken and finished by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Any

from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.jobs.options import MapOptions
from jupyterlite_pool.jobs.tasks import Outcome, Task


def double(x: int) -> int:
    return 2 * x


def job_of(*iterables: Iterable[Any], **options: Any) -> MapJob:
    return MapJob(double, iterables, MapOptions(**options))


def finish(job: MapJob, *tasks: Task, seconds: float = 1.0) -> None:
    """End tasks as a worker would, with twice their argument as the value."""
    for task in tasks:
        job.finish(task, Outcome(0, seconds, value=2 * task.args[0]))


def fail(job: MapJob, task: Task, error: BaseException) -> None:
    job.finish(task, Outcome(0, 1.0, error=error))


def finish_all(job: MapJob) -> None:
    """End all tasks that are left. A job notices its end when it is asked for more tasks."""
    while tasks := job.take(2):
        finish(job, *tasks)


def indices(tasks: Iterable[Task]) -> list[int]:
    return [task.index for task in tasks]


def error_of(future: Future[Any]) -> BaseException | None:
    assert future.done()
    return future.exception(0)


def notes(error: BaseException) -> list[str]:
    return list(getattr(error, "__notes__", []))


class Counted:
    """An iterable without a length that counts the items that were read."""

    def __init__(self, items: Iterable[int]) -> None:
        self.read = 0
        self._items = iter(items)

    def __iter__(self) -> Iterator[int]:
        for item in self._items:
            self.read += 1
            yield item


def failed_in_the_middle() -> MapJob:
    """Item 0 is done, item 1 failed, items 2 and 3 were cancelled."""
    job = job_of([1, 2, 3, 4])
    finish(job, *job.take(1))
    fail(job, job.take(1)[0], KeyError("k"))
    assert not job.active
    return job
