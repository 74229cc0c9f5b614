"""An iterator that reads a limited number of items ahead."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from jupyterlite_pool.jobs.read_ahead import ReadAhead


class Counted:
    """Counts without end, and knows how many items were read."""

    def __init__(self) -> None:
        self.read = 0

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        self.read += 1
        return self.read - 1


def taken(ahead: ReadAhead[int]) -> list[int]:
    """The items that it gives now."""
    items = []
    while not ahead.paused:
        try:
            items.append(next(ahead))
        except StopIteration:
            break
    return items


def test_the_first_chunks_are_read_at_once() -> None:
    items = Counted()
    ahead = ReadAhead(items, size=2, chunksize=3)
    assert items.read == 6
    assert taken(ahead) == [0, 1, 2, 3, 4, 5]
    assert ahead.paused


@pytest.mark.parametrize(("index", "read"), [(0, 9), (2, 9), (3, 12), (5, 12), (6, 15)])
def test_asking_for_the_first_of_a_chunk_reads_one_more(index: int, read: int) -> None:
    items = Counted()
    ahead = ReadAhead(items, size=2, chunksize=3)
    assert ahead.ask(index) is True
    assert items.read == read
    assert ahead.ask(index) is False
    assert items.read == read


def test_items_may_end() -> None:
    ahead = ReadAhead(iter([1, 2]), size=5, chunksize=1)
    assert taken(ahead) == [1, 2]
    assert not ahead.paused
    with pytest.raises(StopIteration):
        next(ahead)


def test_what_the_items_raise_is_raised_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("no more")

    ahead = ReadAhead(items(), size=5, chunksize=1)
    assert next(ahead) == 1
    with pytest.raises(KeyError):
        next(ahead)


def test_reading_on_can_be_forbidden() -> None:
    ahead = ReadAhead(itertools.count(), size=1, chunksize=1)
    ahead.forbid(RuntimeError("closed"))
    assert next(ahead) == 0
    assert ahead.ask(0)
    with pytest.raises(RuntimeError, match="closed"):
        next(ahead)


def test_where_nothing_is_left_nothing_is_forbidden() -> None:
    ahead = ReadAhead(iter([0]), size=1, chunksize=1)
    ahead.forbid(RuntimeError("closed"))
    assert next(ahead) == 0
    assert ahead.ask(0)
    with pytest.raises(StopIteration):
        next(ahead)
