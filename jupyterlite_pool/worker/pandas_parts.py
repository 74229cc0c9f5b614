"""Tasks on parts of pandas' objects. They give the bare value of each call of a function.

What becomes of all the values, pandas decides in the notebook, where all of them are known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..tracebacks import add_note


@dataclass(eq=False)
class Applied:
    """A function, and what it is called with after each row, value or group."""

    function: Callable[..., Any]
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def __name__(self) -> str:
        return getattr(self.function, "__name__", type(self.function).__name__)

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        # `inspect.unwrap` looks for this name, and so finds the cell of the function.
        return self.function

    def call(self, thing: Any) -> Any:
        """The value for a row, a value or a group."""
        return self.function(thing, *self.args, **self.kwargs)


@dataclass(eq=False)
class Lines(Applied):
    """Calls a function with each row or column of a part of a data frame."""

    #: 1 for rows, 0 for columns.
    axis: int = 1
    #: Whether the function gets arrays.
    raw: bool = False

    def __call__(self, part: Any) -> list[Any]:
        """The values, in order."""
        kept = _Kept(self, part.index if self.axis else part.columns)
        part.apply(kept, axis=self.axis, raw=self.raw)
        return kept.values


@dataclass(eq=False)
class Values(Applied):
    """Calls a function with each value of a part of a series."""

    #: As in `Series.map`.
    na_action: str | None = None

    def __call__(self, part: Any) -> list[Any]:
        """The values, in order."""
        there = part.dropna() if self.na_action == "ignore" else part
        kept = _Kept(self, there.index)
        part.map(kept, na_action=self.na_action)
        return kept.values


@dataclass(eq=False)
class Group(Applied):
    """Calls a function with a group of a data frame or of a series."""

    def __call__(self, name: Any, group: Any) -> Any:
        """The value for a group."""
        object.__setattr__(group, "name", name)  # as pandas does; it does not travel
        try:
            return self.call(group)
        except Exception as error:
            add_note(error, f"It was called for the group {name!r}.")
            raise


class _Kept:
    """Is called by pandas with one thing after another, and keeps the values.

    Args:
        applied: gives the values.
        labels: say what each thing is, in errors.
    """

    def __init__(self, applied: Applied, labels: Sequence[Any]) -> None:
        self.values: list[Any] = []
        self._applied = applied
        self._labels = labels

    def __call__(self, thing: Any) -> None:
        try:
            value = self._applied.call(thing)
        except Exception as error:
            add_note(error, f"It was called for {self._labels[len(self.values)]!r}.")
            raise
        # pandas puts the values of one row after another into the same object.
        is_line = hasattr(thing, "to_frame") and isinstance(value, type(thing))
        self.values.append(value.copy(deep=False) if is_line else value)
