"""Stops workers for the batches that they run. Batches that wait are cancelled (`cancels.py`)."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from ..backends.base import Backend
from ..jobs.call_queue import CallQueue
from .batch import Batch
from .cancels import Cancels
from .ledger import Ledger

#: Seconds in which a call may end by itself, if it is to be stopped and travels with others. The
#: longer time is for a call that may not have begun: results of others may be on their way.
GRACE, LONG_GRACE = 0.05, 1.0


class Stops:
    """Ends batches that a dispatcher has given to its backend.

    Whoever calls its methods holds the dispatcher's lock.
    """

    def __init__(
        self, backend: Backend, ledger: Ledger, cancels: Cancels, lock: threading.RLock
    ) -> None:
        """Serve a dispatcher; `lock` is its lock."""
        self._backend = backend
        self._ledger = ledger
        self._cancels = cancels
        self._lock = lock

    def stop(self, batches: Iterable[Batch]) -> None:
        """Stop the workers that run some batches; batches that none runs are taken back."""
        for batch in batches:
            batch.doom()  # the backend may have given it to a worker, and not have said so yet
            if batch.worker is not None:
                self._backend.kill(batch.worker, batch=batch.number)
            else:
                self._cancels.ask(batch)

    def stop_calls(self, batch: Batch, calls: CallQueue) -> None:
        """Stop the calls of a batch that were given up, and no other call.

        Others that have not begun when the worker hears of it run in other batches. The worker is
        stopped only if it does not soon come to the end of a call.
        """
        if len(batch.tasks) == 1:
            self.stop([batch])
            return
        self._cancels.ask(batch, cut=True)
        if batch.ends():
            self._look_later(batch, calls)

    def _look_later(self, batch: Batch, calls: CallQueue) -> None:
        grace = GRACE if calls.is_given_up(batch.tasks[0]) else LONG_GRACE
        self._backend.call_later(grace, lambda: self._stop_late(batch, calls))

    def _stop_late(self, batch: Batch, calls: CallQueue) -> None:
        with self._lock:
            if self._ledger.get(batch.number) is not batch:
                return
            if batch.worker is None:  # the backend has not said yet whether one has it
                self._look_later(batch, calls)
                return
            batch.goes_on()
            if any(calls.is_given_up(task) for task in batch.tasks):
                batch.doom()
                self._backend.kill(batch.worker, batch=batch.number)
