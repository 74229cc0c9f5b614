"""A task, which is one call on its way to a worker and back; and the protocol of its sources."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from ..wire.payload import Encoded
from ..wire.refs import ObjectRef


class Held(NamedTuple):
    """What a worker must hold before it runs a call of some function."""

    #: Keys of the function, and of the surroundings in which it was submitted.
    function: str = ""
    environment: str | None = None
    #: References in the function itself.
    refs: tuple[ObjectRef[Any], ...] = ()
    #: Keys of the parts of the surroundings.
    parts: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Task:
    """One call, encoded."""

    #: Its place in its source: the index of an item, or 0.
    index: int
    held: Held
    call: Encoded
    #: The arguments as they were given: for messages, and to be sent if they need no encoding.
    args: Sequence[Any] = ()
    seed: tuple[int, int] | None = None
    #: The cell that shows its output.
    cell: Any = None
    attempt: int = 1
    #: Whether it goes before the tasks of its source that wait for a worker.
    first: bool = False

    def hurry(self) -> None:
        """It was with a worker already, so it is to go before others."""
        self.first = True

    def retry(self) -> None:
        """It will run once more: the worker that ran it was lost."""
        self.attempt += 1

    @property
    def needs(self) -> list[str]:
        """Keys of the objects that its worker must hold, in the order in which to send them."""
        held = self.held
        first = [] if held.environment is None else [*held.parts, held.environment]
        refs = [ref.key for ref in (*held.refs, *self.call.refs)]
        return [*first, *refs, held.function]


class Outcome(NamedTuple):
    """How a task ended."""

    worker: int | None
    seconds: float
    value: Any = None
    error: BaseException | None = None


_lanes = itertools.count(-2, -1)


def new_lane() -> int:
    """A number for the lane of a source that is no job: jobs have their own numbers."""
    return next(_lanes)


class TaskSource(Protocol):
    """Gives tasks to a dispatcher that has room for them, and is told how they ended."""

    @property
    def retries(self) -> int:
        """How often a task is run again after its worker was lost."""

    @property
    def task_timeout(self) -> float | None:
        """Seconds that a task may take; None for no limit."""

    @property
    def max_workers(self) -> int | None:
        """At most this many workers have batches of it at once; None for no limit of its own."""

    @property
    def stopping(self) -> bool:
        """Whether it starts no more tasks. Its batches that wait for a worker can be taken back."""

    @property
    def brief(self) -> bool:
        """Whether its batches take so little time that many of them may wait at one worker."""

    @property
    def ahead(self) -> bool:
        """Whether its tasks may be handed over long before a worker has room for them.

        Then workers have work while the notebook computes and hands over nothing.
        """

    @property
    def lane(self) -> int:
        """The number of the lane in which its batches wait. No other source ever has the same."""

    def is_too_long(self, tasks: int, seconds: float) -> bool:
        """Whether this many tasks, of this many seconds each, make too long a batch.

        It is taken back, and cut anew.
        """

    def take(self, workers: int, *, ahead: bool = False) -> Sequence[Task]:
        """The tasks of the next batch, for a pool of this many workers; empty if none is ready.

        Args:
            ahead: whether the workers have enough to do for now.
        """

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Take back tasks that never ran; they are the first to be taken again."""

    def started(self, tasks: Sequence[Task]) -> None:
        """A worker has been given a batch of its tasks."""

    def stopped(self) -> None:
        """A worker has ended with a batch, in whichever way."""

    def finish(self, task: Task, outcome: Outcome) -> None:
        """A task has ended."""

    def finish_all(
        self, tasks: Sequence[Task], worker: int, values: Sequence[Any], seconds: Sequence[float]
    ) -> None:
        """Tasks of a batch have ended, each with a value."""

    def discard(self, tasks: Sequence[Task]) -> None:
        """These tasks were cancelled before they ran."""

    def unfinished(self) -> list[Future[Any]]:
        """Futures that are all done when its tasks have ended."""

    def cancel_waiting(self) -> None:
        """Cancel the tasks that have not started."""

    def abort(self, *, cell: Any = None) -> None:
        """Cancel all tasks, or those of one cell; the workers that run some of them are stopped."""

    def broken(self, error: Exception) -> None:
        """No task will run any more; those that were taken are lost."""

    def prepares(self, worker: int, busy: bool) -> None:
        """A worker is loading packages for one of its tasks, or has done so."""

    def printed(self, task: Task, stream: str, text: str) -> None:
        """A running task has printed something."""
