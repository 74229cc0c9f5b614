"""When workers are replaced or stopped although nothing is wrong with them, for linked backends."""

from __future__ import annotations

from collections.abc import Callable

from ..waiting.waking_time import CallLater, call_after_beats
from .base import WorkerLimits

#: After this many failed starts in a row no worker is tried any more.
STARTS = 3


class Wear:
    """Knows which workers are worn, and whether all of them rest.

    Whoever calls its methods holds the backend's lock. What it calls takes that lock.
    """

    def __init__(self, call_later: CallLater) -> None:
        self._call_later = call_later
        self._limits = WorkerLimits()
        #: Why a worker is to be replaced when its batch is over.
        self._worn: dict[int, str] = {}
        #: What calls off the end of workers that have nothing to do; None while some have.
        self._call_off: Callable[[], None] | None = None
        self._failed_starts = 0
        #: How many workers in a row have ended with a batch that they had not begun.
        self._in_vain = 0
        #: Whether all workers were stopped, because they had nothing to do.
        self.asleep = False

    def limit(self, limits: WorkerLimits) -> None:
        """Keep these limits from now on."""
        self._limits = limits

    def note(self, worker: int, why: str) -> None:
        """A worker is to be replaced when its batch is over."""
        self._worn[worker] = why

    def forget(self, worker: int) -> None:
        """A worker has ended."""
        self._worn.pop(worker, None)

    def why(self, worker: int, memory: Callable[[], int], used_up: bool) -> str | None:
        """Why a worker whose batch is over is to be replaced; None if it is not."""
        self._in_vain = 0
        if used_up:
            return "it had run as many tasks as one worker may"
        limit = self._limits.max_memory
        if limit is not None and memory() > limit:
            return "its memory had grown beyond the limit"
        return self._worn.get(worker)

    def started(self) -> None:
        """Note that a worker has started."""
        self._failed_starts = 0

    def fails_to_start(self) -> bool:
        """Note that a worker could not start. Returns whether it is of no use to try again."""
        self._failed_starts += 1
        return self._failed_starts >= STARTS

    def ends_in_vain(self) -> bool:
        """Note that a worker ended before it began its batch. Returns whether the batch may be why.

        It may if several ended so in a row, and no batch was finished in between.
        """
        self._in_vain = (self._in_vain + 1) % STARTS
        return self._in_vain == 0

    def rests(self, idle: bool, fall_asleep: Callable[[], None]) -> None:
        """Note whether nothing waits or runs. If that stays so for long, call `fall_asleep`."""
        seconds = self._limits.idle_timeout
        if not idle or self.asleep:
            self._stay_awake()
        elif seconds is not None and self._call_off is None:
            self._call_off = call_after_beats(self._call_later, seconds, fall_asleep)

    def sleep(self) -> None:
        """Note that all workers are being stopped."""
        self._stay_awake()
        self.asleep = True

    def wake(self) -> bool:
        """Note that workers are needed. Returns whether they have to be started."""
        self._stay_awake()
        slept, self.asleep = self.asleep, False
        return slept

    def _stay_awake(self) -> None:
        if self._call_off is not None:
            self._call_off()
            self._call_off = None
