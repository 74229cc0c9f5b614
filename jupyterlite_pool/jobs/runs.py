"""The runs of a job: the first one, and those of items that run again."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol

from .arrivals import Completed
from .job import MapJob
from .options import Again


class Rerun(Protocol):
    """Runs items of a job again."""

    def __call__(
        self,
        first: MapJob,
        fn: Callable[..., Any],
        inputs: Sequence[tuple[Any, ...]],
        again: Again,
        changes: Mapping[str, Any],
    ) -> MapJob:
        """Start a job of these items alone.

        Args:
            first: the first run; its options hold unless `changes` has others.
            fn: what to call.
            inputs: the arguments of each item.
            again: which items these are.
            changes: options of `pool_map`.
        """


class Place(NamedTuple):
    """An item as one run knows it."""

    run: MapJob
    #: Its index in this run.
    item: int


class Runs:
    """What the items of a job have given in all its runs, by their index in the first one.

    An item that runs again counts by its old outcome until it has a new one.
    """

    def __init__(self, first: MapJob) -> None:
        self.first = first
        #: The runs of items that ran again, each with the indices of its items.
        self._again: list[tuple[MapJob, Sequence[int]]] = []
        #: Where these items are in each run, the oldest first.
        self._places: dict[int, list[Place]] = {}
        self._completed: weakref.WeakSet[Completed] = weakref.WeakSet()

    @property
    def last(self) -> MapJob:
        """The last run: whoever waits for the job waits for its end."""
        return self._again[-1][0] if self._again else self.first

    @property
    def all(self) -> list[MapJob]:
        """The runs, the first one first."""
        return [self.first, *(run for run, _ in self._again)]

    @property
    def active(self) -> bool:
        """Whether anything of the job can still change."""
        return any(run.active for run in self.all)

    @property
    def values(self) -> Mapping[int, Any]:
        """The values so far."""
        values = self.first.outcomes.values
        if not self._again:
            return values
        again = {index: self.place(index) for index in self._places}
        return values | {
            index: run.outcomes.values[item]
            for index, (run, item) in again.items()
            if item in run.outcomes.values
        }

    @property
    def failures(self) -> Mapping[int, BaseException]:
        """The errors so far."""
        failures = self.first.outcomes.failures
        if not self._again:
            return failures
        again = {index: self.place(index) for index in self._places}
        return {index: error for index, error in failures.items() if index not in again} | {
            index: run.outcomes.failures[item]
            for index, (run, item) in again.items()
            if item in run.outcomes.failures
        }

    @property
    def cancelled(self) -> Collection[int]:
        """The items that were cancelled and have not ended since."""
        cancelled = self.first.outcomes.cancelled
        if not self._again:
            return cancelled
        return {index for index in (*cancelled, *self._places) if self.is_cancelled(index)}

    def place(self, index: int) -> Place:
        """Where an item has its outcome, or will have it."""
        places = self._places.get(index)
        if places is None:
            return Place(self.first, index)
        ended = (place for place in reversed(places) if place.run.outcomes.has(place.item))
        return next(ended, places[-1])

    def is_cancelled(self, index: int) -> bool:
        """Whether an item was cancelled and has not ended since."""
        places = self._places.get(index) or [Place(self.first, index)]
        return not any(run.outcomes.has(item) for run, item in places) and any(
            item in run.outcomes.cancelled for run, item in places
        )

    def arrival(self, index: int) -> Future[bool]:
        """A future that resolves when an item has ended in its last run, or never will there."""
        places = self._places.get(index) or [Place(self.first, index)]
        run, item = places[-1]
        return run.arrivals.of(item)

    def is_there(self, index: int) -> bool:
        """Whether there is an item, as far as is known: it has ended, or was cancelled."""
        run, item = self.place(index)
        return run.outcomes.has(item) or self.is_cancelled(index)

    def completed(self) -> Completed:
        """The items in the order in which they end, also those that run again later."""
        completed = Completed(self.first.arrivals)
        for run, indices in self._again:
            completed.follow(run.arrivals, indices)
        self._completed.add(completed)
        return completed

    def inputs(self, indices: Sequence[int]) -> list[tuple[Any, ...]]:
        """The arguments of items that failed or were cancelled; raises as `Items.inputs`."""
        places = [self.place(index) for index in indices]
        return [args for run, item in places for args in run.items.inputs([item])]

    def add(self, run: MapJob, indices: Sequence[int]) -> None:
        """Items run again.

        Args:
            run: a job of these items alone.
            indices: their indices in the first run, in the order of the new one.
        """
        for item, index in enumerate(indices):
            places = self._places.setdefault(index, [Place(self.first, index)])
            places.append(Place(run, item))
        self._again.append((run, indices))
        for completed in self._completed:
            completed.follow(run.arrivals, indices)
        run.ended.add_done_callback(lambda _: self._forget_inputs(run, indices))

    def abort(self, error: BaseException | None = None) -> None:
        """Cancel the last run, including its running items; see `MapJob.abort`."""
        self.last.abort(error)

    def _forget_inputs(self, run: MapJob, indices: Sequence[int]) -> None:
        """Let go of the arguments of items that failed before and have a value now."""
        for item, index in enumerate(indices):
            if item in run.outcomes.values:
                for older, old in self._places[index]:
                    older.items.forget(old)
