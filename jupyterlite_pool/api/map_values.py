"""Gives the values of a job one after the other, for `Executor.map`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from ..dispatch.finalizers import finalize
from ..dispatch.pool import Pool
from ..jobs.job import MapJob
from ..waiting.waits import wait_done


def stream(job: MapJob, pool: Pool, deadline: float | None) -> Iterator[Any]:
    """The values of a job in the order of its items, each as soon as it is there.

    The job does not keep a value that was given.

    Args:
        deadline: the time, of `time.monotonic`, by which all values must be there; None for none.

    Raises:
        TimeoutError: a value was not there at the deadline.
        Exception: the error of an item, in its place.
    """
    __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
    try:
        index = 0
        while True:
            with pool.dispatcher.lock:
                if job.items.ask(index):
                    pool.dispatcher.add(job)
            ready = job.arrivals.of(index)
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            wait_done(ready, left, "values = await pool_map(f, xs)", job.abort)
            if not ready.result(0):
                break
            yield job.outcomes.give(index)
            index += 1
        job.settled.result(0)
    finally:
        finalize(pool, job.cancel)  # nobody may have the iterator any more
