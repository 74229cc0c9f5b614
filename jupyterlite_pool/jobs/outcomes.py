"""What the items of a job have given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..worker.cell_bodies import OWN, CellBody
from .indices import Indices
from .timings import Timings


class Outcomes:
    """How the items of a job ended, by their index: with a value, with an error, or cancelled."""

    def __init__(self) -> None:
        self.values: dict[int, Any] = {}
        self.failures: dict[int, BaseException] = {}
        self.cancelled = Indices()
        #: How many values were given away.
        self.given = 0
        #: What items that have ended had printed; an item that printed nothing is not in it.
        self.output: dict[int, str] = {}
        self.timings = Timings()
        #: What items that have not ended have printed so far.
        self._printed: dict[int, list[str]] = {}
        self._first_unfinished = 0

    @property
    def finished(self) -> int:
        """How many items have ended, in whatever way."""
        return self.succeeded + len(self.failures) + len(self.cancelled)

    @property
    def succeeded(self) -> int:
        """How many items have given a value, whether it is kept or was given away."""
        return len(self.values) + self.given

    def has(self, index: int) -> bool:
        """Whether an item has given a value or an error."""
        return index in self.values or index in self.failures

    def first_unfinished(self) -> int:
        """The index before which all items have ended."""
        while True:
            first = self._first_unfinished
            if first in self.cancelled:
                self._first_unfinished = self.cancelled.after(first)
            elif self.has(first):
                self._first_unfinished += 1
            else:
                return first

    def add(self, indices: Sequence[int], values: Sequence[Any]) -> None:
        """Keep the values of items that have ended."""
        self.values.update(zip(indices, values, strict=True))
        if self._printed:
            for index in indices:
                self._keep_output(index)

    def fail(self, index: int, error: BaseException) -> None:
        """Keep the error with which an item ended."""
        self.failures[index] = error
        self._keep_output(index)

    def cancel(self, indices: Iterable[int]) -> None:
        """Note that items will not run."""
        for index in indices:
            self.cancelled.add(index)

    def give(self, index: int) -> Any:
        """Give an item's value away: it is kept no longer.

        Raises:
            Exception: the item's error, if it failed.
        """
        __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
        if index in self.failures:
            raise self.failures[index]
        value = self.values.pop(index)
        self.given += 1
        return value

    def print(self, index: int, text: str) -> None:
        """Keep what an item that runs has printed."""
        self._printed.setdefault(index, []).append(text)

    def printed(self, index: int) -> str:
        """What an item has printed so far."""
        return self.output.get(index) or "".join(self._printed.get(index, ()))

    def _keep_output(self, index: int) -> None:
        parts = self._printed.pop(index, None)
        if parts is not None:
            self.output[index] = "".join(parts)


class PulledOutcomes(Outcomes):
    """The outcomes of a cell that gives, beside each value, names that it has assigned."""

    def __init__(self) -> None:
        super().__init__()
        #: These names with their values, by the index of the item.
        self.pulled: dict[int, dict[str, Any]] = {}

    def add(self, indices: Sequence[int], values: Sequence[Any]) -> None:
        """Keep the values of items that have ended, and their names apart from them."""
        own = [names.pop(OWN) for names in values]
        self.pulled.update(zip(indices, values, strict=True))
        super().add(indices, own)


def outcomes_of(function: Callable[..., Any]) -> Outcomes:
    """What keeps the outcomes of a function's items."""
    pulls = isinstance(function, CellBody) and function.pulled
    return PulledOutcomes() if pulls else Outcomes()
