"""Tasks on parts of pandas' objects. They give the bare value of each call of a function.

What becomes of all the values, pandas decides in the notebook, where all of them are known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..tracebacks import add_note


class Calls:
    """Calls a function with one thing after another, and keeps the values.

    Args:
        function: is called with the thing, and then with `args` and `kwargs`.
        labels: says what each thing is, in errors.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        labels: Sequence[Any],
    ) -> None:
        self.values: list[Any] = []
        self._function = function
        self._args = args
        self._kwargs = kwargs
        self._labels = labels

    def __call__(self, thing: Any) -> None:
        """Call the function, and keep its value."""
        try:
            value: Any = self._function(thing, *self._args, **self._kwargs)
        except Exception as error:
            add_note(error, f"It was called for {self._labels[len(self.values)]!r}.")
            raise
        # pandas puts the values of one row after another into the same object.
        is_line = hasattr(thing, "to_frame") and isinstance(value, type(thing))
        self.values.append(value.copy(deep=False) if is_line else value)


class Lines:
    """Calls a function with each row or column of a part of a data frame.

    Args:
        function: the function, `args` and `kwargs` are what pandas calls it with.
        axis: 1 for rows, 0 for columns.
        raw: whether the function gets arrays.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        axis: int,
        raw: bool,
    ) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.axis = axis
        self.raw = raw

    def __call__(self, part: Any) -> list[Any]:
        """The values, in order."""
        labels = part.index if self.axis else part.columns
        calls = Calls(self.function, self.args, self.kwargs, labels)
        part.apply(calls, axis=self.axis, raw=self.raw)
        return calls.values


class Values:
    """Calls a function with each value of a part of a series.

    Args:
        function: the function, `args` and `kwargs` are what pandas calls it with.
        na_action: as in `Series.map`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        na_action: str | None = None,
    ) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs or {}
        self.na_action = na_action

    def __call__(self, part: Any) -> list[Any]:
        """The values, in order."""
        there = part.dropna() if self.na_action == "ignore" else part
        calls = Calls(self.function, self.args, self.kwargs, there.index)
        part.map(calls, na_action=self.na_action)
        return calls.values


class Group:
    """Calls a function with a group of a data frame or of a series."""

    def __init__(
        self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs

    def __call__(self, name: Any, group: Any) -> Any:
        """The value for a group."""
        object.__setattr__(group, "name", name)  # as pandas does; it does not travel
        try:
            return self.function(group, *self.args, **self.kwargs)
        except Exception as error:
            add_note(error, f"It was called for the group {name!r}.")
            raise
