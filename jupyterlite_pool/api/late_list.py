"""`LateList`: a list whose values come later.

C code may look into the storage of a list without a call of its methods. So the values are put into
the storage as soon as all of them are there. Until then it has a placeholder for each. So such code
finds the right length, and fails as soon as it uses a placeholder.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, SupportsIndex, TypeVar, overload

T = TypeVar("T")

#: Methods of `list` that read all values.
READING = (
    *("__add__", "__mul__", "__rmul__", "__contains__", "__reversed__"),
    *("copy", "count", "index"),
)

#: Methods that compare two lists.
COMPARING = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")

#: Methods that change the list.
CHANGING = (
    *("__setitem__", "__delitem__", "__iadd__", "__imul__"),
    *("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"),
)


#: There are this many placeholders at most: more of them may not fit into the memory.
MOST_MISSING = 1_000_000

#: There are this many if nobody knows how many values there will be. C code that asks for the size
#: of the storage, and then for each value, comes to a place that is not there. So it fails.
UNKNOWN = 100_000


class NotThere:
    """The placeholder of a value that is not there yet. It can only be shown."""

    def __repr__(self) -> str:
        return "<not there: wait for the result, or look at its failures>"

    def _refuse(self, *_: object) -> Any:
        raise RuntimeError(f"a value is {self!r}")


#: How code uses a value: it compares, asks, calculates, or sends it.
for _name in (
    *("eq", "ne", "lt", "le", "gt", "ge", "hash", "bool", "len", "iter", "getitem", "call"),
    *("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "int", "float", "index", "reduce_ex"),
):
    setattr(NotThere, f"__{_name}__", NotThere._refuse)

NOT_THERE: Any = NotThere()


class LateList(list[T]):
    """A list whose values come later. Whatever reads or changes it waits for them.

    A subclass says how many values there will be, and waits for them. When all are there, it is an
    ordinary list, which can be changed. Copies of it, also by `pickle`, are plain lists.
    """

    def __init__(self, size: int | None) -> None:
        """A list without values yet.

        Args:
            size: how many there will be; None if that is not known.
        """
        super().__init__(_missing(size))
        self._filled = False
        #: Whether somebody has changed the list: then a value's place says nothing of its item.
        self._changed = False
        self._filling = threading.Lock()

    # What a subclass does.

    def _size(self) -> int:
        """How many values there will be; waits if that is not known."""
        raise NotImplementedError

    def _item(self, index: int) -> T:
        """The value at a place from 0 on; waits for it, and raises what it ended with."""
        raise NotImplementedError

    def _each(self) -> Iterator[T]:
        """All values in order; waits for each, and raises what it ended with."""
        raise NotImplementedError

    def _whole(self) -> None:
        """Wait for all values, and put them into the storage; raises what one ended with."""
        __tracebackhide__ = True  # IPython leaves this frame out of tracebacks
        if not self._filled:
            self._fill([*self._each()])

    # What a subclass calls.

    def _fill(self, values: Sequence[T]) -> None:
        """Put all values into the storage, once: two threads may come here."""
        with self._filling:
            if not self._filled:
                list.__setitem__(self, slice(None), values)
                self._filled = True

    def _empty(self, size: int | None) -> None:
        """Take all values out of the storage: some will never be there, or are computed again."""
        with self._filling:
            self._filled = False
            list.__setitem__(self, slice(None), _missing(size))

    # A list.

    def __len__(self) -> int:
        __tracebackhide__ = True
        return list.__len__(self) if self._filled else self._size()

    @overload
    def __getitem__(self, index: SupportsIndex) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: SupportsIndex | slice) -> T | list[T]:
        __tracebackhide__ = True
        if self._filled:
            return list.__getitem__(self, index)
        if isinstance(index, slice):
            return [self._item(i) for i in range(*index.indices(len(self)))]
        place = index.__index__()
        return self._item(place + len(self) if place < 0 else place)

    def __iter__(self) -> Iterator[T]:
        return list.__iter__(self) if self._filled else self._each()

    def __radd__(self, other: object) -> Any:
        """Wait, and let the other list go on: only it knows whether it is changed in place."""
        __tracebackhide__ = True
        if isinstance(other, list):
            self._whole()
        return NotImplemented

    def __hash__(self) -> int:  # type: ignore[override]
        # No list can be hashed. But asyncio keeps what it gathers in a dictionary, by identity.
        if sys._getframe(1).f_globals.get("__name__") == "asyncio.tasks":
            return object.__hash__(self)
        raise TypeError(f"unhashable type: {type(self).__name__!r}")

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        __tracebackhide__ = True
        return list, ([*self],)

    @property
    def __array__(self) -> Any:
        """Wait, and be no array: numpy asks for this first, and then reads an ordinary list.

        It would take a list for a single object if reading it raised `KeyError`.
        """
        __tracebackhide__ = True
        self._whole()
        raise AttributeError("__array__")

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """As IPython prints a list: not more than a thousand values."""
        if self._filled and not cycle:
            printer.pretty(list.copy(self))
        else:
            printer.text(repr(self))


def _missing(size: int | None) -> list[Any]:
    return [NOT_THERE] * (UNKNOWN if size is None else min(MOST_MISSING, size))


def _reading(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of `list` that waits for the values first."""

    @functools.wraps(method)
    def read(self: LateList[Any], *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        self._whole()
        return method(self, *args, **kwargs)

    return read


def _comparing(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of `list` that waits for the values of both lists first."""

    @functools.wraps(method)
    def compare(self: LateList[Any], other: object) -> Any:
        __tracebackhide__ = True
        if not isinstance(other, list):
            return NotImplemented
        for each in (self, other):
            if isinstance(each, LateList):
                each._whole()
        return method(self, other)

    return compare


def _changing(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of `list` that waits for the values first, and then changes the list."""

    @functools.wraps(method)
    def change(self: LateList[Any], *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        self._whole()
        value = method(self, *args, **kwargs)
        self._changed = True
        return value

    return change


for _make, _names in (
    (_reading, READING),
    (_comparing, COMPARING),
    (_changing, CHANGING),
):
    for _name in _names:
        setattr(LateList, _name, _make(getattr(list, _name)))
