"""An error of the iterable itself, in every kind of map: after the values before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.stand_ins.multiprocessing_pool import Pool
from jupyterlite_pool.stand_ins.process_executor import ProcessPoolExecutor


class SourceGoneError(Exception):
    pass


def lines(count: int) -> Iterator[int]:
    yield from range(count)
    raise SourceGoneError(count)


def same(x: int, _: int = 0) -> int:
    return x


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool(2, backend=InProcessBackend(2)) as pool:
        yield pool


@pytest.fixture
def executor() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, backend=InProcessBackend(2)) as executor:
        yield executor


def refuse(call: Callable[[], object], count: int) -> None:
    with pytest.raises(SourceGoneError) as caught:
        call()
    assert caught.value.args == (count,)


def read(values: Iterator[int]) -> list[int]:
    """The values before the error."""
    got: list[int] = []
    with pytest.raises(SourceGoneError):
        got.extend(values)
    return got


@pytest.mark.parametrize("count", [0, 1, 50])
def test_maps_that_wait_raise_it(pool: Pool, count: int) -> None:
    refuse(lambda: pool.map(same, lines(count)), count)
    refuse(lambda: pool.starmap(same, zip(range(100), lines(count))), count)  # noqa: B905
    assert pool.map(str, "ab") == ["a", "b"]


@pytest.mark.parametrize("count", [0, 1, 6, 50])
@pytest.mark.parametrize("chunksize", [1, 4])
def test_maps_that_give_one_after_the_other_give_all_before_it(
    pool: Pool, count: int, chunksize: int
) -> None:
    assert read(pool.imap(same, lines(count), chunksize)) == list(range(count))
    unordered = read(pool.imap_unordered(same, lines(count), chunksize))
    assert sorted(unordered) == list(range(count))


@pytest.mark.parametrize("count", [0, 3, 50])
def test_executors_raise_it(executor: ProcessPoolExecutor, count: int) -> None:
    refuse(lambda: list(executor.map(same, lines(count))), count)
    refuse(lambda: executor.map(same, range(100), lines(count)), count)
    values = executor.map(same, lines(count), buffersize=2)
    assert read(values) == list(range(count))
    assert executor.submit(same, 1).result(30) == 1
