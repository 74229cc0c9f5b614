"""Links to workers: how a backend reaches one, and what the worker says."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..wire.buffers import in_heap
from .base import Listener, WorkerEnd
from .lanes import Queued
from .roster import Stored

#: A call of the listener.
Report = Callable[[Listener], None]


class Host(Protocol):
    """The backend of a link, as far as links know it. `LinkedBackend` says what its methods do."""

    def report(self, worker: int, report: Report, *, done: bool = False) -> None:
        """Tell the listener something of a worker."""

    def admit(self, worker: int) -> None:
        """Give batches to a worker."""

    def begin(self, worker: int, batch: int) -> None:
        """A task with a time limit begins."""

    def wear_out(self, worker: int, why: str) -> None:
        """Replace a worker once it has nothing to do."""

    def end(self, worker: int, end: WorkerEnd, *, began: bool = True) -> None:
        """Treat a worker as gone."""


class Voice:
    """What a worker says, on its way to the listener of its backend.

    Its methods can be called from any thread. Those of a worker that has ended do nothing.
    """

    def __init__(self, backend: Host, number: int) -> None:
        self.number = number
        self._backend = backend

    def ready(self) -> None:
        """It can run batches."""

        def greet(listener: Listener) -> None:
            listener.on_worker_ready(self.number)
            self._backend.admit(self.number)

        self._backend.report(self.number, greet)

    def result(self, batch: int, payload: bytes, buffers: Sequence[Any], done: bool) -> None:
        """As `Port.result`."""
        copies = in_heap(buffers)
        self._backend.report(
            self.number,
            lambda listener: listener.on_result(self.number, batch, payload, copies, done),
            done=done,
        )

    def begin(self, batch: int) -> None:
        """As `Port.begin`."""
        self._backend.begin(self.number, batch)

    def worn(self, message: str) -> None:
        """As `Port.worn`."""
        self._backend.wear_out(self.number, message)

    def error(self, batch: int, type: str, message: str, traceback: str) -> None:
        """As `Port.error`."""
        self._backend.report(
            self.number,
            lambda listener: listener.on_batch_error(self.number, batch, type, message, traceback),
            done=True,
        )

    def output(self, task: int, stream: str, text: str) -> None:
        """A task has something to show; see `Listener.on_output`."""
        self._backend.report(
            self.number, lambda listener: listener.on_output(self.number, task, stream, text)
        )

    def retire(self, reason: str) -> None:
        """As `Port.retire`."""
        self._backend.end(self.number, WorkerEnd("recycled", reason))

    def ended(self, end: WorkerEnd, *, began: bool = True) -> None:
        """It has ended by itself.

        Args:
            began: whether it may have begun to run its batch.
        """
        self._backend.end(self.number, end, began=began)


class Link(Voice, ABC):
    """How a backend reaches one worker. No method waits for the worker."""

    @property
    @abstractmethod
    def pid(self) -> int:
        """The number of its process."""

    @abstractmethod
    def give(self, objects: Sequence[Stored], queued: Queued) -> None:
        """Let it keep these objects, and then run this batch."""

    @abstractmethod
    def drop(self, key: str) -> None:
        """Let it forget an object."""

    @abstractmethod
    def cancel(self, batch: int) -> None:
        """Let it start no more tasks of the batch that it runs."""

    def interrupt(self, batch: int) -> bool:
        """Ask it to end the batch that it runs; False if it cannot be asked."""
        return False

    @abstractmethod
    def leave(self) -> None:
        """Let go of it. It ends now, if the engine can end it; nobody hears it any more."""

    def memory(self) -> int:
        """Bytes of its memory; 0 if that is not known."""
        return 0
