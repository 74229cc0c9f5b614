"""The batches that the backend has."""

from __future__ import annotations

from collections.abc import Sequence

from ..jobs.tasks import Task, TaskSource
from .batch import Batch


class Ledger:
    """Has every batch from its submission until it is over, by its number.

    Numbers of batches and of tasks are given here, each once. Whoever uses the ledger holds the
    dispatcher's lock.
    """

    def __init__(self) -> None:
        self._batches: dict[int, Batch] = {}
        #: The batch of a number; None if it is over. The dictionary's own method, since it is asked
        #: several times for each batch.
        self.get = self._batches.get
        #: How many of the batches may run on any worker.
        self.open = 0
        #: How many bytes the backend has of them.
        self.weight = 0
        #: The batches of each source, by their numbers.
        self._of: dict[TaskSource, dict[int, Batch]] = {}
        #: The batches that each worker has.
        self._at: dict[int, dict[int, Batch]] = {}
        #: The batch of each task that can be cancelled by itself.
        self._single: dict[Task, Batch] = {}
        self._next_task = 0
        self._next_batch = 0

    def enter(
        self,
        source: TaskSource,
        tasks: Sequence[Task],
        target: int | None,
        *,
        singly: bool = False,
    ) -> Batch:
        """Make a batch of tasks, for any worker or for a target alone.

        Args:
            singly: whether each of them can be cancelled by itself.
        """
        singles = tasks if singly or len(tasks) == 1 else ()
        # Taken first: to make an object can run a finalizer, and that can enter a batch, too.
        number, first = self._next_batch, self._next_task
        self._next_batch, self._next_task = number + 1, first + len(tasks)
        batch = Batch(number, source, tasks, first, len(tasks), target, singles)
        self._batches[number] = batch
        self._of.setdefault(source, {})[number] = batch
        self.open += target is None
        for task in singles:
            self._single[task] = batch
        return batch

    def start(self, batch: Batch, worker: int) -> None:
        """A worker has been given a batch."""
        self._at.setdefault(worker, {})[batch.number] = batch
        batch.start(worker)

    def weigh(self, batch: Batch, weight: int) -> None:
        """The backend has this many bytes of a batch."""
        batch.weigh(weight)
        self.weight += weight

    def with_task(self, task: Task | None) -> Batch | None:
        """The batch that has this task, which can be cancelled by itself; None if there is none."""
        batch = None if task is None else self._single.get(task)
        # Its value may be here already, while others of the batch are not.
        return batch if batch is not None and task in batch.tasks else None

    def remove(self, batch: Batch) -> None:
        """A batch is over, however it has ended."""
        del self._batches[batch.number]
        of_source = self._of[batch.source]
        del of_source[batch.number]
        if not of_source:
            del self._of[batch.source]
        self.open -= batch.target is None
        self.weight -= batch.weight
        for task in batch.singles:
            if self._single.get(task) is batch:  # it may be in another batch already
                del self._single[task]
        batch.answered(False)
        if batch.worker is not None:
            at_worker = self._at[batch.worker]
            del at_worker[batch.number]
            if not at_worker:
                del self._at[batch.worker]
            batch.source.stopped()

    def all(self) -> list[Batch]:
        """All batches, in the order of their submission."""
        return list(self._batches.values())

    def open_batches(self) -> list[Batch]:
        """The batches that any worker may run: those of jobs and of calls."""
        return [batch for batch in self._batches.values() if batch.target is None]

    def sources(self) -> list[TaskSource]:
        """The sources of batches that any worker may run. A source has no other batches."""
        # Threads that show the pool call this without the lock. So it copies the dictionaries, and
        # a source may have no batch any more.
        each = ((source, next(iter([*of.values()]), None)) for source, of in [*self._of.items()])
        return [source for source, batch in each if batch is not None and batch.target is None]

    def first_at(self, worker: int) -> Batch | None:
        """The batch that a worker runs: of those that it has, the first; None if it has none."""
        return next(iter(self._at.get(worker, {}).values()), None)

    def of(self, source: TaskSource) -> list[Batch]:
        """The batches of a source."""
        return list(self._of.get(source, {}).values())

    def count(self, source: TaskSource) -> int:
        """How many batches of a source there are."""
        return len(self._of.get(source, ()))

    def running(self) -> list[tuple[int, Batch]]:
        """The batch that each worker runs, with the worker; others may wait behind it there."""
        return [(worker, next(iter(batches.values()))) for worker, batches in self._at.items()]

    def running_of(self, source: TaskSource) -> dict[int, Task]:
        """What the workers run of a source: the task of each worker that runs any."""
        return {
            worker: batch.tasks[0]
            for worker, batch in self.running()
            if batch.source is source and batch.tasks
        }

    def find(self, worker: int, task: int) -> tuple[TaskSource, Task] | None:
        """A task that a worker has, by its number, with its source; None if the worker has none.

        What a worker says of another worker's task is not believed.
        """
        for batch in self._at.get(worker, {}).values():
            if (found := batch.task(task)) is not None:
                return batch.source, found
        return None
