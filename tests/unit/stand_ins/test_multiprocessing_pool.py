"""`multiprocessing.Pool` over threads of this process.

What its workers share with the tests is found by name, in this module.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.errors import TerminatedWorkerError
from jupyterlite_pool.stand_ins.multiprocessing_pool import Pool
from tests.support.gate import GATE

SEEN: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_yet() -> None:
    SEEN.clear()


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(backend=InProcessBackend(2))
    yield pool
    pool.terminate()


def double(x: int) -> int:
    return 2 * x


def invert(x: int) -> float:
    return 1 / x


def invert_and_note(x: int) -> float:
    SEEN.append(x)
    return 1 / x


def zero_waits(x: int = 0) -> int:
    """Wait at the gate with 0; return at once with anything else."""
    if x == 0:
        GATE.wait(30)
    return x


def test_map_gives_a_list_in_order(pool: Pool) -> None:
    assert pool.map(double, range(50)) == [2 * x for x in range(50)]
    assert pool.map(double, (x for x in range(5)), chunksize=2) == [0, 2, 4, 6, 8]
    assert pool.map(double, []) == []


def test_map_raises_the_first_error_and_runs_every_item(pool: Pool) -> None:
    with pytest.raises(ZeroDivisionError):
        pool.map(invert, [1, 0, 2])
    result = pool.map_async(invert_and_note, [0, 1, 2, 3], chunksize=1)
    with pytest.raises(ZeroDivisionError):
        result.get(10)
    assert sorted(SEEN) == [0, 1, 2, 3]


def test_starmap_takes_arguments_apart(pool: Pool) -> None:
    assert pool.starmap(pow, [(2, 3), (3, 2)]) == [8, 9]
    assert pool.starmap(max, [(1, 2), (4, 3, 5)]) == [2, 5]
    assert pool.starmap_async(pow, iter([(2, 5)])).get(10) == [32]


def test_apply_calls_once_with_all_kinds_of_arguments(pool: Pool) -> None:
    assert pool.apply(int, ("ff",), {"base": 16}) == 255
    assert pool.apply(double, (4,)) == 8


def test_imap_gives_values_one_after_the_other(pool: Pool) -> None:
    values = pool.imap(invert, [1, 0, 2], chunksize=1)
    assert next(values) == 1
    with pytest.raises(ZeroDivisionError):
        next(values)
    assert next(values) == 0.5
    with pytest.raises(StopIteration):
        next(values)


def test_imap_waits_no_longer_than_it_is_told(pool: Pool) -> None:
    values = pool.imap(zero_waits, [0])
    with pytest.raises(multiprocessing.TimeoutError):
        values.next(timeout=0.01)
    GATE.set()
    assert values.next(timeout=30) == 0


def test_imap_unordered_gives_what_is_there(pool: Pool) -> None:
    values = pool.imap_unordered(zero_waits, [0, 1, 2])
    first = [next(values), next(values)]
    assert sorted(first) == [1, 2]
    GATE.set()
    assert list(values) == [0]


def test_imap_raises_what_its_items_raise(pool: Pool) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("no more")

    with pytest.raises(KeyError):
        list(pool.imap(double, items()))
    with pytest.raises(KeyError):
        list(pool.imap_unordered(double, items()))


def test_an_async_result_tells_how_far_it_is(pool: Pool) -> None:
    result = pool.apply_async(zero_waits)
    assert not result.ready()
    with pytest.raises(ValueError, match="not ready"):
        result.successful()
    with pytest.raises(multiprocessing.TimeoutError):
        result.get(timeout=0.01)
    result.wait(0.01)  # raises nothing
    GATE.set()
    assert result.get(30) == 0
    assert result.successful()
    failed = pool.apply_async(invert, (0,))
    failed.wait(30)
    assert not failed.successful()


def test_a_timeout_of_the_call_itself_is_not_taken_for_one_of_the_wait(pool: Pool) -> None:
    def late() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        pool.apply(late)


def test_callbacks_are_told_of_values_and_errors(pool: Pool) -> None:
    told: list[Any] = []
    both = threading.Event()

    def note(value: Any) -> None:
        told.append(value)
        if len(told) == 3:
            both.set()

    pool.apply_async(double, (2,), callback=note, error_callback=note)
    pool.map_async(double, [1, 2], callback=note, error_callback=note)
    pool.apply_async(invert, (0,), callback=note, error_callback=note)
    assert both.wait(30)
    assert 4 in told
    assert [2, 4] in told
    assert any(isinstance(value, ZeroDivisionError) for value in told)


async def gather(pool: Pool) -> list[int]:
    return await pool.map_async(double, [1, 2])


def test_a_result_can_be_awaited(pool: Pool) -> None:
    assert asyncio.run(gather(pool)) == [2, 4]


async def give_up(pool: Pool) -> list[int]:
    result = pool.map_async(zero_waits, [0, 1], callback=SEEN.append)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(result, 0.01)
    GATE.set()
    return await result


def test_a_wait_that_is_given_up_does_not_cancel_the_work(pool: Pool) -> None:
    assert asyncio.run(give_up(pool)) == [0, 1]
    assert SEEN == [[0, 1]]


def slowly_seen(value: object) -> None:
    time.sleep(0.1)
    SEEN.append(value)


@pytest.mark.parametrize("end", ["get", "join"])
@pytest.mark.parametrize("function", [double, invert])
def test_a_result_is_there_once_its_callback_has_run(function: Any, end: str) -> None:
    pool = Pool(backend=InProcessBackend(2))
    told: Any = {"callback": slowly_seen, "error_callback": slowly_seen}
    results = [pool.apply_async(function, (0,), **told), pool.map_async(function, [0], **told)]
    pool.close()
    if end == "join":
        pool.join()
    else:
        for result in results:
            result.wait(10)
    assert len(SEEN) == 2
    assert [result.successful() for result in results] == [function is double] * 2


def test_a_closed_pool_takes_nothing_and_ends_its_work() -> None:
    pool = Pool(backend=InProcessBackend(2))
    result = pool.map_async(double, range(10))
    with pytest.raises(ValueError, match="still running"):
        pool.join()
    pool.close()
    with pytest.raises(ValueError, match="not running"):
        pool.map(double, [1])
    pool.join()
    assert result.ready()
    assert result.get() == [2 * x for x in range(10)]


def test_the_end_of_with_terminates() -> None:
    with Pool(backend=InProcessBackend(2)) as pool:
        result = pool.apply_async(zero_waits)
    before = time.monotonic()
    with pytest.raises(TerminatedWorkerError):
        result.get(30)
    assert time.monotonic() - before < 10
    with pytest.raises(ValueError, match="not running"), pool:
        pass


def initialize(word: str) -> None:
    SEEN.append(word)


def test_an_initializer_runs_first() -> None:
    with Pool(1, initialize, ("ready",), backend=InProcessBackend(1)) as pool:
        pool.map(invert_and_note, [1, 2])
    assert SEEN == ["ready", 1, 2]


def test_what_cannot_be_is_refused(pool: Pool) -> None:
    with pytest.raises(ValueError, match="processes must be greater than 0"):
        Pool(0, backend=InProcessBackend(1))
    with pytest.raises(ValueError, match="chunksize must be greater than 0"):
        pool.map(double, [1], chunksize=0)
    with pytest.raises(TypeError):
        pool.map(5, [1])  # type: ignore[arg-type]
