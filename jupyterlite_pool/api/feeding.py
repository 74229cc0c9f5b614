"""Whoever waits for a job reads its items, if its iterables are slow."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from ..dispatch.pool import Pool
from .map_result import MapResult


def feed(result: MapResult[Any], pool: Pool) -> None:
    """Wait until a job has settled, or needs nobody to read its items.

    The code that waits can pause, which code that hears of a result cannot. So an iterable may
    sleep here, and can be interrupted.

    Raises:
        KeyboardInterrupt: the kernel was interrupted; the job is cancelled with what runs.
    """
    __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
    job, feed = result._job, result._job.items.feed
    while feed is not None and not job.settled.done():
        result._wait_for(feed.turn)
        feed.turn = Future()
        if job.settled.done() or feed.closed:
            return
        try:
            feed.read(job.items.size(pool.backend.size))
        except BaseException as error:
            job.abort(error)
            raise result._attach_to(error) from error.__cause__
        pool.dispatcher.add(job)
