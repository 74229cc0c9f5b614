"""Batches that are to end, for backends whose workers know no time limits."""

from __future__ import annotations

from collections.abc import Callable

from ..waiting.waking_time import CallLater, call_after_beats

#: A task that is asked to stop may take this many seconds before its worker is stopped; an overdue
#: one may take this share of its time limit, if that is more.
GRACE, LEAST_GRACE = 0.05, 0.02


class Deadlines:
    """Has one timer for each batch that runs and has a time limit, or is to end.

    Whoever calls its methods holds the backend's lock. What it calls takes that lock.
    """

    def __init__(self, call_later: CallLater, grace: float = LEAST_GRACE) -> None:
        """Make a list without timers.

        Args:
            grace: seconds in which a batch may end by itself when it was asked to.
        """
        self._call_later = call_later
        self._grace = grace
        #: What calls off the timer of a batch, by the batch's number.
        self._timers: dict[int, Callable[[], None]] = {}

    def begin(
        self, batch: int, seconds: float, expire: Callable[[], bool], stop: Callable[[], None]
    ) -> None:
        """The task of a batch begins.

        A second call for the same batch does nothing.

        Args:
            seconds: how long the task may take.
            expire: is called when the task has exceeded its limit; tells whether it was asked to
                stop.
            stop: stops its worker, if it could not be asked, or did not obey.
        """
        if batch in self._timers:
            return

        def end() -> None:
            if batch not in self._timers:  # the task has just ended
                return
            if expire():
                self.stop_soon(batch, stop, seconds * GRACE)
            else:
                stop()

        self._timers[batch] = call_after_beats(self._call_later, seconds, end)

    def stop_soon(self, batch: int, stop: Callable[[], None], grace: float = 0) -> None:
        """A batch was asked to end: stop its worker if it does not.

        Args:
            stop: stops its worker.
            grace: seconds that it has, if that is more than others have.
        """
        self.end(batch)
        grace = max(grace, self._grace)
        self._timers[batch] = call_after_beats(self._call_later, grace, stop)

    def end(self, batch: int | None) -> None:
        """A batch is over, if there is one: its time limit does not count any more."""
        call_off = None if batch is None else self._timers.pop(batch, None)
        if call_off is not None:
            call_off()
