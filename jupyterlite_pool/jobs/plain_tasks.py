"""Tasks of neighbouring items with plain arguments, which nobody has looked at one by one yet.

To make a task takes longer than to run a small one. Most small tasks come and go in batches, and
nobody asks for a single one of them. So their arguments stay as they were read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

from ..wire.calls import AS_THEY_ARE
from .tasks import Held, Task


class PlainTasks(Sequence[Task]):
    """A run of tasks, made when somebody looks at them.

    A part of it makes tasks of its own: who changes tasks goes on with the same part.

    Args:
        first: the index of the first item.
        rows: the arguments of each item.
        held: what a worker must hold.
        seed: of their random streams; None for none.
        cell: shows their output.
    """

    __slots__ = ("_made", "_start", "_stop", "cell", "first", "held", "rows", "seed")

    def __init__(
        self,
        first: int,
        rows: list[tuple[Any, ...]],
        held: Held,
        seed: int | None = None,
        cell: Any = None,
    ) -> None:
        self.first, self.rows, self.held, self.seed, self.cell = first, rows, held, seed, cell
        #: Which of the rows are its own: parts share the list.
        self._start, self._stop = 0, len(rows)
        self._made: list[Task] | None = None

    @property
    def indices(self) -> range:
        """The indices of the items."""
        return range(self.first + self._start, self.first + self._stop)

    @property
    def calls(self) -> list[tuple[Any, ...]]:
        """The arguments of its own items."""
        if len(self) == len(self.rows):
            return self.rows
        return self.rows[self._start : self._stop]

    @property
    def seeds(self) -> list[tuple[int, int] | None] | None:
        """The seed of each task; None if they have none."""
        return None if self.seed is None else [(self.seed, index) for index in self.indices]

    def part(self, start: int, stop: int) -> PlainTasks:
        """Some of the tasks; copies nothing."""
        part = PlainTasks(self.first, self.rows, self.held, self.seed, self.cell)
        part._start, part._stop = self._start + start, self._start + stop
        return part

    def __len__(self) -> int:
        return self._stop - self._start

    @overload
    def __getitem__(self, place: int) -> Task: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Task]: ...
    def __getitem__(self, place: int | slice) -> Task | Sequence[Task]:
        if isinstance(place, int):
            if self._made is not None:
                return self._made[place]
            return self._make(range(self._start, self._stop)[place])
        if self._made is not None:
            return self._made[place]
        start, stop, step = place.indices(len(self))
        assert step == 1, "the tasks of a batch stay in order"
        return self.part(start, max(start, stop))

    def __iter__(self) -> Iterator[Task]:
        if self._made is None:
            self._made = [self._make(row) for row in range(self._start, self._stop)]
        return iter(self._made)

    def _make(self, row: int) -> Task:
        index = self.first + row
        seed = None if self.seed is None else (self.seed, index)
        return Task(index, self.held, AS_THEY_ARE, self.rows[row], seed, self.cell)


class TakenTasks:
    """Tasks that were taken and have not ended, by the index of their item."""

    def __init__(self) -> None:
        self._single: dict[int, Task] = {}
        #: By the index of their first task.
        self._runs: dict[int, PlainTasks] = {}

    def __bool__(self) -> bool:
        return bool(self._single or self._runs)

    def __iter__(self) -> Iterator[int]:
        """The indices."""
        yield from self._single
        for run in self._runs.values():
            yield from run.indices

    def tasks(self) -> list[Task]:
        """All of them."""
        return [*self._single.values(), *(task for run in self._runs.values() for task in run)]

    def get(self, index: int) -> Task | None:
        """The task of an item; None if it was not taken, or has ended."""
        if index in self._single:
            return self._single[index]
        begin = self._run_with(index)
        return None if begin is None else self._runs[begin][index - begin]

    def add(self, task: Task) -> None:
        """A task was taken."""
        self._single[task.index] = task

    def add_run(self, run: PlainTasks) -> None:
        """A run of tasks was taken."""
        self._runs[run.indices.start] = run

    def remove(self, index: int) -> None:
        """A task has ended, or was not taken after all."""
        if self._single.pop(index, None) is None:
            self.remove_run(range(index, index + 1))

    def remove_run(self, indices: range) -> None:
        """Tasks of one run have ended; mostly the first ones of it."""
        begin = self._run_with(indices.start)
        if begin is None:
            return
        run = self._runs.pop(begin)
        before, behind = indices.start - begin, indices.stop - begin
        if before:
            self.add_run(run.part(0, before))
        if behind < len(run):
            self.add_run(run.part(behind, len(run)))

    def _run_with(self, index: int) -> int | None:
        """Where the run begins that has a task; None if none has it."""
        if index in self._runs:
            return index
        return next((begin for begin, run in self._runs.items() if index in run.indices), None)
