"""Cancels batches that the backend has and no worker runs. What is running is in `stops.py`."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from ..backends.base import Backend
from ..jobs.tasks import TaskSource
from .batch import Batch
from .ledger import Ledger


class Cancels:
    """Asks the backend to give batches back. Their tasks are cancelled, or run in other batches.

    Whoever uses it holds the dispatcher's lock.
    """

    def __init__(
        self, backend: Backend, ledger: Ledger, offer: Callable[[TaskSource], None]
    ) -> None:
        """Serve a dispatcher.

        Args:
            offer: has tasks taken from a source again.
        """
        self._backend = backend
        self._ledger = ledger
        self._offer = offer

    def ask(self, batch: Batch, *, cut: bool = False) -> Future[bool]:
        """Ask for a batch. The future tells whether it comes back; if not, a worker has started it.

        That worker starts no more tasks of it.

        Args:
            cut: let its tasks run in other batches, instead of cancelling them.
        """
        if batch.cancelling:
            return batch.cancel(cut=cut and batch.cut)
        answer = batch.cancel(cut=cut)
        taken = self._backend.cancel(batch.number)
        if taken is not None:
            self.hear(batch, taken)
        return answer

    def hear(self, batch: Batch, taken: bool) -> None:
        """The backend has said whether it gives a batch back. If so, it never starts."""
        batch.answered(taken)
        if taken:
            self._ledger.remove(batch)
            self.give_back(batch)

    def give_back(self, batch: Batch) -> None:
        """The tasks of a batch that are left have not started, and are with no worker any more."""
        source = batch.source
        if batch.cut and not source.stopping:
            out = batch.singled_out
            source.discard([task for task in batch.tasks if task in out])
            others = [task for task in batch.tasks if task not in out]
            if out or batch.ending:  # they lose no place because another one was given up
                for task in others:
                    task.hurry()
            source.put_back(others)
            self._offer(source)
        else:
            source.discard(batch.tasks)

    def cut_long(self, running: Batch, seconds: float) -> None:
        """Cut a batch that runs, and others of its source, if they turn out to be too long.

        Args:
            seconds: how long a task of it takes.
        """
        source = running.source
        if not source.is_too_long(len(running.tasks), seconds):
            return  # longer ones will say so themselves
        for batch in self._ledger.of(source):
            if source.is_too_long(len(batch.tasks), seconds):
                self.ask(batch, cut=True)
