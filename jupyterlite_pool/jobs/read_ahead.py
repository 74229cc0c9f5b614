"""An iterator that is read only so far beyond what its consumer has asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """Reads items in chunks, `size` chunks ahead; where it may not read on yet, it is paused.

    As the standard library's `Executor.map(buffersize=)`: the first chunks are read at once, and
    one more whenever the first item of the next one is asked for.
    """

    def __init__(self, items: Iterator[T], size: int, chunksize: int) -> None:
        self._items = items
        self._size = size
        self._chunksize = chunksize
        self._read = 0
        self._waiting: deque[T] = deque()
        #: How the items ended: `StopIteration`, or an error of their own.
        self._end: BaseException | None = None
        #: What reading any further raises.
        self.forbidden: BaseException | None = None
        self.ask(-1)

    def forbid(self, error: BaseException) -> None:
        """Raise an error where more items are read."""
        self.forbidden = error

    @property
    def paused(self) -> bool:
        """Whether there may be more items, but not now."""
        return not self._waiting and self._end is None

    def ask(self, index: int) -> bool:
        """An item's value is asked for. True where that lets more items be read."""
        limit = (index // self._chunksize + 1 + self._size) * self._chunksize
        before = self._read
        while self._read < limit and self._end is None:
            try:
                item = next(self._items)
                if self.forbidden is not None:
                    raise self.forbidden
                self._waiting.append(item)
                self._read += 1
            except BaseException as end:  # raised where the reader comes to it
                self._end = end
        return self._read > before or self._end is not None

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._waiting:
            return self._waiting.popleft()
        assert self._end is not None, "it is paused"
        raise self._end
