"""Who carries an executor's batches to workers and back.

A backend owns workers and a queue of batches, and knows nothing of functions, jobs or futures. It
tells its one listener what happens, from its own thread or event loop, one call at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from ..surroundings.environment import Described
from ..wire.payload import Encoded

#: Reasons of an end that nobody need worry about: it was asked for, and nothing was lost by it.
ON_PURPOSE = frozenset({"recycled", "retired"})


class WorkerEnd(NamedTuple):
    """Why a worker is no more; `labextension/src/protocol.ts` says what the reasons are."""

    reason: str
    message: str
    status: int | None = None
    #: The place in its batch of the task that ran; None where that is not known.
    running: int | None = None
    #: Bytes of its WebAssembly memory, as far as is known; 0 where nothing is.
    memory: int = 0


class WorkerLimits(NamedTuple):
    """When a worker is replaced or let go, though nothing is wrong with it."""

    #: After so many batches; those with a target do not count.
    max_batches: int | None = None
    #: When its memory has grown to more bytes than this.
    max_memory: int | None = None
    #: When no worker has had anything to do for so many seconds.
    idle_timeout: float | None = None


class WorkerStatus(NamedTuple):
    """A worker as it is now."""

    id: int
    #: The number of its process, as `os.getpid()` says in its tasks.
    pid: int
    #: "starting", "idle" or "busy".
    state: str
    #: How many tasks it has run.
    tasks: int
    #: Bytes of its WebAssembly memory, as it last said; 0 where that is not known.
    memory: int


#: Nothing is wrong with the worker.
STOPPED = WorkerEnd("terminated", "stopped by its owner")


class Listener(Protocol):
    """What a backend tells its executor."""

    def on_worker_ready(self, worker: int) -> None:
        """A worker can take batches."""

    def on_dispatched(self, worker: int, batch: int) -> None:
        """A batch left the queue for a worker."""

    def on_begun(self, worker: int, batch: int) -> None:
        """A task with a time limit begins: what had to be prepared for it is there."""

    def on_result(
        self, worker: int, batch: int, payload: bytes, buffers: Sequence[Any], done: bool
    ) -> None:
        """Results of some tasks of a batch."""

    def on_batch_error(
        self, worker: int, batch: int, type_name: str, message: str, traceback: str
    ) -> None:
        """A worker could not read a batch, or not prepare for it: none of its tasks ran."""

    def on_output(self, worker: int, task: int, stream: str, text: str) -> None:
        """A task printed something."""

    def on_worker_ended(
        self,
        worker: int,
        batch: int | None,
        end: WorkerEnd,
        behind: Sequence[int] = (),
        untaken: Sequence[int] = (),
    ) -> None:
        """A worker is no more, with the batch that it ran, and others that waited there.

        It may have turned to those `behind` since; of those `untaken` nothing has run.
        """

    def on_limited(self, workers: int) -> None:
        """Other pools of the site leave room for so few workers only, until they end."""

    def on_broken(self, message: str) -> None:
        """No worker can start any more; batches that were queued are gone."""


class Backend(Protocol):
    """The workers of one executor."""

    #: How many workers it should have.
    size: int

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        """Start the workers; batches can be submitted at once."""

    def put(self, key: str, encoded: Encoded) -> None:
        """Keep an object that batches will name; a worker is sent it before it is first needed."""

    def drop(self, key: str) -> None:
        """Forget an object."""

    def submit(
        self,
        batch: int,
        payload: bytes,
        buffers: Sequence[memoryview],
        needs: Sequence[str],
        target: int | None = None,
        group: int | None = None,
    ) -> None:
        """Queue a batch under a number that was not used before.

        A batch with a target is run by that worker before any other, and is gone with it. Batches
        of a group are so brief that several may wait at one worker.
        """

    def cancel(self, batch: int) -> bool:
        """Take a batch back; False where a worker has it, which then starts no more tasks of it."""

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None:
        """Stop a worker at once, for some reason; another takes its place.

        One that is stopped for a `batch`, but has done with it by now, is let be. Where the end is
        its own fault, it is replaced when it has nothing to do.
        """

    def interrupt(self, worker: int, batch: int) -> bool:
        """Ask a worker's Python to stop a batch; False where it cannot be asked."""

    def wake(self) -> None:
        """Have workers, if they were let go, though there is no batch yet."""

    def scale(self, size: int) -> None:
        """Have so many workers; those that are too many end when they have nothing to do."""

    def workers(self) -> list[WorkerStatus]:
        """The workers as they are now; the executor knows how many tasks they have run."""

    def spares(self) -> int:
        """How many workers beyond these are ready to replace one that is lost."""

    def environment(self) -> Described | None:
        """What a task submitted now should find around it."""

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Call `action` after some time; returns what calls it off."""

    def shutdown(self) -> None:
        """Stop all workers at once."""
