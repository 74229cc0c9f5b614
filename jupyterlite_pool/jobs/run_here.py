"""Runs a job in this Python, one item at a time: if no worker can start, and inside a task."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Coroutine
from typing import Any

from ..errors import PoolStartError
from ..waiting.browser import IN_BROWSER
from ..worker.randomness import own_stream
from .job import MapJob
from .tasks import Outcome, Task


def _call(job: MapJob, task: Task) -> Any:
    """The value of an item, with the random numbers that it would have drawn on a worker."""
    if task.seed is None:
        return job.function(*task.args)
    with own_stream(*task.seed):
        return job.function(*task.args)


async def run_serially(job: MapJob) -> None:
    """Run what is left of a job; other coroutines get their turn between items."""
    for task in job.take_all():
        started = time.perf_counter()
        try:
            _check_refs(task)
            value = _call(job, task)
            if inspect.isawaitable(value):
                value = await value
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # an item may raise SystemExit or KeyboardInterrupt, too
            outcome = Outcome(None, time.perf_counter() - started, error=error)
        else:
            outcome = Outcome(None, time.perf_counter() - started, value=value)
        job.finish(task, outcome)
        await asyncio.sleep(0)


def run_now(job: MapJob) -> None:
    """Run a job of ordinary functions to its end, without an event loop."""
    for task in job.take_all():
        started = time.perf_counter()
        try:
            value = _call(job, task)
        except (Exception, SystemExit) as error:
            job.finish(task, Outcome(None, time.perf_counter() - started, error=error))
        else:
            job.finish(task, Outcome(None, time.perf_counter() - started, value=value))


def _check_refs(task: Task) -> None:
    for ref in (*task.held.refs, *task.call.refs):
        raise PoolStartError(
            f"only workers have {ref}, and no worker could start. Pass the object itself."
        )


_tasks: set[asyncio.Task[None]] = set()


def spawn(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in the background."""
    if IN_BROWSER:
        task = asyncio.get_event_loop().create_task(coroutine)
        _tasks.add(task)  # the event loop holds tasks only weakly
        task.add_done_callback(_tasks.discard)
    else:
        threading.Thread(target=asyncio.run, args=(coroutine,), daemon=True).start()
