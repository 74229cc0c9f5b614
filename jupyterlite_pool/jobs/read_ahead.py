"""An iterator that reads a limited number of items ahead of its consumer."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """Reads items in chunks, and pauses where it may not read on yet.

    Works as `Executor.map(buffersize=)` of the standard library: it reads the first `size` chunks
    at once, and one more whenever its consumer asks for the first item of a chunk.
    """

    def __init__(self, items: Iterator[T], size: int, chunksize: int) -> None:
        self._items = items
        self._size = size
        self._chunksize = chunksize
        self._read = 0
        self._waiting: deque[T] = deque()
        #: What the items raised at their end: `StopIteration`, or an error of their own.
        self._end: BaseException | None = None
        #: Is raised where more items are read; None where reading is allowed.
        self.forbidden: BaseException | None = None
        self.ask(-1)

    def forbid(self, error: BaseException) -> None:
        """Raise an error where more items are read."""
        self.forbidden = error

    @property
    def paused(self) -> bool:
        """Whether it may give more items later, but has none now."""
        return not self._waiting and self._end is None

    def ask(self, index: int) -> bool:
        """Read on, since the value of an item is asked for.

        Returns:
            Whether there is anything new to take: more items, or their end.
        """
        limit = (index // self._chunksize + 1 + self._size) * self._chunksize
        before = self._read
        while self._read < limit and self._end is None:
            try:
                item = next(self._items)
                if self.forbidden is not None:
                    raise self.forbidden
                self._waiting.append(item)
                self._read += 1
            except BaseException as end:  # is raised when the consumer comes to it
                self._end = end
        return self._read > before or self._end is not None

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._waiting:
            return self._waiting.popleft()
        assert self._end is not None, "it is paused"
        raise self._end
