"""When a job and its items ran."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .work_log import State, Work, WorkLog


class Timing(NamedTuple):
    """When and where an item ran, seen from the notebook: a batch's results arrive together."""

    item: int
    #: None for an item that ran in the notebook, or that never ran.
    worker: int | None
    #: Seconds from the start of the job.
    start: float
    seconds: float
    #: Which try it was: more than 1 where a worker was lost, and `retries` allowed another one.
    attempt: int = 1
    #: Whether it has failed.
    failed: bool = False
    #: Whether it was stopped before its end.
    cancelled: bool = False


class Row(NamedTuple):
    """Items whose results arrived together: small tasks end faster than a `Timing` can be made."""

    arrived: float
    worker: int | None
    items: Sequence[int]
    seconds: Sequence[float]
    attempts: Sequence[int]

    def timings(self) -> Iterator[Timing]:
        """One for each item: they ran one after the other, and the last one ended last."""
        end = self.arrived - sum(self.seconds)
        for item, took, attempt in zip(self.items, self.seconds, self.attempts, strict=True):
            yield Timing(item, self.worker, max(0.0, end), took, attempt)
            end += took


class Timings:
    """The times of one job, which starts now."""

    def __init__(self) -> None:
        #: By the clock that never goes back.
        self.started_at = time.monotonic()
        #: When the first item went to a worker: to start workers is not the job's own work.
        self._first_run_at: float | None = None
        self._ended_at: float | None = None
        #: Results in the order in which they arrived.
        self.rows: list[Row] = []
        #: Items that were stopped before their end.
        self._stopped: list[Row] = []
        #: Where the pool keeps what its workers did, and what it is to say there.
        self._log: tuple[WorkLog, Work] | None = None

    def elapsed(self) -> float:
        """Seconds from the start of the job to its end, or to now."""
        return (self._ended_at or time.monotonic()) - self.started_at

    def working(self) -> float:
        """Seconds since the first item went to a worker, to the end of the job or to now."""
        if self._first_run_at is None:
            return 0.0
        return (self._ended_at or time.monotonic()) - self._first_run_at

    def by_item(self) -> dict[int, Timing]:
        """When and where the items ran, by their index."""
        return {timing.item: timing for row in self.rows for timing in row.timings()}

    def stopped(self) -> list[Timing]:
        """When and where items ran that were stopped before their end."""
        return [
            timing._replace(cancelled=True) for row in self._stopped for timing in row.timings()
        ]

    def timeline(self) -> list[Timing]:
        """When and where the items ran, in the order in which they started."""
        return sorted(self.by_item().values(), key=lambda timing: timing.start)

    def run(self) -> None:
        """Note that a worker runs items of the job."""
        self._first_run_at = self._first_run_at or time.monotonic()

    def add(
        self,
        worker: int | None,
        items: Sequence[int],
        seconds: Sequence[float],
        attempts: Sequence[int],
        *,
        failed: bool = False,
    ) -> None:
        """Note that results arrive now: of which items, and what each of them took."""
        self.rows.append(Row(self.elapsed(), worker, items, seconds, attempts))
        if self._log is not None:
            log, work = self._log
            log.add(worker, work, State.FAILED if failed else State.DONE, items, seconds)

    def stop(self, worker: int | None, item: int, seconds: float, attempt: int) -> None:
        """Note that an item was stopped now."""
        self._stopped.append(Row(self.elapsed(), worker, [item], [seconds], [attempt]))
        if self._log is not None:
            log, work = self._log
            log.add(worker, work, State.CANCELLED, [item], [seconds])

    def log_in(self, log: WorkLog, work: Work) -> None:
        """Note everything in the log of a pool, too."""
        self._log = log, work

    def end(self) -> None:
        """Note that the job ends."""
        self._ended_at = time.monotonic()
