"""Whoever waits for a job reads its items, if its iterables are slow."""

from __future__ import annotations

from concurrent.futures import CancelledError, Future
from typing import Any

from ..dispatch.pool import Pool
from ..jobs.job import MapJob
from ..waiting.waits import Wait, current_run, suspended
from .map_result import MapResult


class Reading:
    """A context in which this code reads items of a job.

    When the job settles meanwhile, because an item has failed or the time is over, nobody needs
    more items. If the iterable sleeps then, its sleep ends with `KeyboardInterrupt`.
    """

    def __init__(self) -> None:
        self._cell: object = None
        #: The waits that were there before; None while nobody reads.
        self._before: list[Wait] | None = None

    def follow(self, job: MapJob) -> None:
        """End the sleep when this job settles."""
        job.settled.add_done_callback(lambda _: self._end())

    def __enter__(self) -> None:
        self._cell, self._before = current_run.get(), list(suspended)

    def __exit__(self, *_: object) -> None:
        self._before = None

    def _end(self) -> None:
        before = self._before
        if before is None:
            return
        for wait in list(suspended):
            if wait.cell is self._cell and wait not in before:
                wait.interrupt()


def feed(result: MapResult[Any], pool: Pool) -> None:
    """Wait until a job has settled, or needs nobody to read its items.

    The code that waits can pause, which code that hears of a result cannot. So an iterable may
    sleep here, and can be interrupted.

    Raises:
        KeyboardInterrupt: the kernel was interrupted, and the whole job is cancelled.
    """
    __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
    job, feed = result._job, result._job.items.feed
    if feed is None:
        return
    reading = Reading()
    reading.follow(job)
    while not job.settled.done():
        result._wait_for(feed.turn)
        feed.turn = Future()
        if job.settled.done() or feed.closed:
            return
        try:
            with reading:
                feed.read(job.items.size(pool.backend.size))
        except BaseException as error:
            if _has_own_error(job):
                return  # it is why the reading has ended
            job.abort(error)
            raise result._attach_to(error) from error.__cause__
        if not feed.closed:
            pool.dispatcher.add(job)


def _has_own_error(job: MapJob) -> bool:
    """Whether a job has settled with an error that says more than that it was cancelled."""
    return job.settled.done() and not isinstance(job.settled.exception(0), CancelledError)
