"""The state of all pools and jobs of this kernel, as the page is told of it."""

from __future__ import annotations

import sys
import time
from typing import NamedTuple

from ..backends.base import WorkerStatus
from ..dispatch.pool import Pool
from ..jobs.call_queue import CallQueue
from ..jobs.job import MapJob
from ..notebook.progress import Progress
from ..notebook.state import (
    ENDED,
    RUNNING,
    WORKERS,
    ExecutorState,
    JobState,
    KernelState,
    Work,
    WorkerState,
    shortened,
)
from ..tracebacks import error_line
from . import shared
from .executor import WorkerPoolExecutor, all_executors
from .job_log import job_log, job_state


class _Seen(NamedTuple):
    """One executor at one moment."""

    executor: ExecutorState
    active: list[JobState]
    #: The last calls of `submit`, if they have ended.
    over: list[JobState]
    #: How many of the jobs that run are left out.
    more: int


def kernel_state() -> KernelState:
    """All pools of this kernel that are in use, and their jobs."""
    seen = [_look(executor) for executor in shown_executors()]
    active = [job for each in seen for job in each.active]
    active.sort(key=lambda job: -job.number)
    running = {job.number for job in active}
    over = [job for each in seen for job in each.over]
    over += [job for job in job_log.states() if job.number not in running]
    more = sum(each.more for each in seen) + max(0, len(active) - RUNNING)
    return KernelState([each.executor for each in seen], [*active[:RUNNING], *over[:ENDED]], more)


def shown_executors() -> list[WorkerPoolExecutor]:
    """The executors that people are shown, the shared one first."""
    first = shared.running_executor()
    others = [
        each
        for each in all_executors()
        if each is not first and not (each.closed and not each._pool.dispatcher.active_sources())
    ]
    return others if first is None else [first, *others]


def _look(executor: WorkerPoolExecutor) -> _Seen:
    pool = executor._pool
    dispatcher = pool.dispatcher
    with dispatcher.lock:
        jobs = dispatcher.jobs()
        queues = [each for each in dispatcher.active_sources() if isinstance(each, CallQueue)]
        if pool.calls.counts.name and pool.calls not in queues:
            queues.append(pool.calls)
        workers = [_worker(pool, status, jobs) for status in pool.backend.workers()[:WORKERS]]
        ready = len(pool.ready_workers)
        states = [_calls(pool, queue, workers) for queue in queues[:RUNNING]]
        states += [job_state(job, pool.number, ready) for job in jobs[-RUNNING:]]
        broken = executor.broken
        state = ExecutorState(
            pool.number,
            _name(executor),
            executor is shared.running_executor(),
            pool.backend.size,
            pool.backend.spares(),
            workers,
            None if broken is None else error_line(broken),
        )
    active = [each for each in states if each.active]
    over = [each for each in states if not each.active]
    return _Seen(state, active, over, max(0, len(jobs) - RUNNING))


def _worker(pool: Pool, status: WorkerStatus, jobs: list[MapJob]) -> WorkerState:
    since = pool.listener.ready_since.get(status.id)
    preparing = status.state == "busy" and any(status.id in job.preparing for job in jobs)
    return WorkerState(
        status.id,
        "preparing" if preparing else status.state,
        _work(pool, status.id) if status.state == "busy" else None,
        pool.listener.tasks_run[status.id],
        status.memory,
        None if since is None else int(time.monotonic() - since),
    )


def _work(pool: Pool, worker: int) -> Work | None:
    """What a worker runs: of a batch, the first task of which the result has not come."""
    batch = pool.dispatcher.ledger.first_at(worker)
    if batch is None or not batch.tasks:
        return None
    source, task = batch.source, batch.tasks[0]
    if isinstance(source, MapJob):
        item = None if source.options.single else source.items.number(task.index)
        return Work(shortened(source.label), source.number, item)
    if isinstance(source, CallQueue):
        return Work(shortened(source.name_of(task)))
    return Work("")  # a call that every worker makes


def _calls(pool: Pool, queue: CallQueue, workers: list[WorkerState]) -> JobState:
    """The calls of a queue as one job."""
    counts, unfinished = queue.counts, queue.unfinished_count()
    ledger = pool.dispatcher.ledger
    batches = [ledger.first_at(worker.id) for worker in workers]
    running = sum(batch is not None and batch.source is queue for batch in batches)
    elapsed = (counts.until or time.monotonic()) - counts.since
    ended = counts.done + counts.failed + counts.cancelled
    if unfinished:
        phase = "running" if running else "waiting" if pool.ready_workers else "warming"
    else:
        phase = "failed" if counts.failed else "cancelled" if counts.cancelled else "done"
    progress = Progress(
        counts.name,
        phase,
        counts.done,
        running,
        counts.failed,
        counts.cancelled,
        ended + unfinished,
        elapsed,
        elapsed,
    )
    return JobState.of(0, pool.number, progress, active=unfinished > 0, failures=[])


def _name(executor: WorkerPoolExecutor) -> str:
    """The name that an executor has in the notebook; that of its class if it has none."""
    main = sys.modules.get("__main__")
    for name, value in list(vars(main).items()) if main is not None else ():
        if value is executor and not name.startswith("_"):
            return shortened(name)
    return f"{type(executor).__name__} {executor._pool.number}"
