"""Sets of indices that may be too large to be listed."""

from __future__ import annotations

from collections.abc import Iterator, MutableSet


class Indices(MutableSet[int]):
    """A set of indices that can take in a whole range without counting it."""

    def __init__(self) -> None:
        self._single: set[int] = set()
        self._range = range(0)
        #: The indices of the range that were taken out again.
        self._without: set[int] = set()

    def add_range(self, indices: range) -> None:
        """Add a range, of which nothing is in the set yet; a set can take in one range only."""
        if indices:
            self._range = indices

    def add(self, value: int) -> None:
        """Add an index."""
        if value in self._range:
            self._without.discard(value)
        else:
            self._single.add(value)

    def discard(self, value: int) -> None:
        """Take an index out, if it is there."""
        if value in self._range:
            self._without.add(value)
        else:
            self._single.discard(value)

    def after(self, value: int) -> int:
        """The first index after `value` that may not be in the set."""
        return self._range.stop if value in self._range and not self._without else value + 1

    def __contains__(self, value: object) -> bool:
        return value in self._single or (value in self._range and value not in self._without)

    def __iter__(self) -> Iterator[int]:
        yield from self._single
        yield from (value for value in self._range if value not in self._without)

    def __len__(self) -> int:
        return len(self._single) + len(self._range) - len(self._without)

    def __repr__(self) -> str:
        return f"<{len(self)} indices>"
