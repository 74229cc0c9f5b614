"""Iterables that take their time: whoever waits for the job reads them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api import pool_map as module
from jupyterlite_pool.api.history import History
from jupyterlite_pool.api.map_result import MapResult
from jupyterlite_pool.api.pool_map import pool_map
from jupyterlite_pool.errors import PoolFallbackWarning, PoolStartError
from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.waiting.waits import Wait
from tests.support.gate import wait_at_the_gate


@pytest.fixture(autouse=True)
def _everything_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("feed", "items"):
        monkeypatch.setattr(f"jupyterlite_pool.jobs.{name}.SLOW", 0.0)


def double(x: int) -> int:
    return 2 * x


def running(pool: WorkerPoolExecutor) -> MapJob:
    [job] = pool._pool.dispatcher.jobs()
    return job


def test_items_run_and_count_while_the_next_one_is_read(pool: WorkerPoolExecutor) -> None:
    counts = []

    def items() -> Iterator[int]:
        for x in range(6):
            yield x
            if x:  # the first pause is noticed when it is over
                job = running(pool)
                job.arrivals.of(x).result(10)
                counts.append(len(job.outcomes.values))

    values = pool_map(double, items(), max_workers=1, progress=False)
    assert values == [0, 2, 4, 6, 8, 10]
    assert counts == [2, 3, 4, 5, 6]


@pytest.mark.timeout(30)
def test_a_job_that_is_read_ends_although_its_pool_takes_no_more_calls(
    pool: WorkerPoolExecutor,
) -> None:
    def items() -> Iterator[int]:
        for x in range(6):
            if x == 3:
                running(pool).arrivals.of(2).result(10)  # all that was read has ended
                pool.shutdown(wait=False)
            yield x

    assert pool_map(double, items(), progress=False) == [0, 2, 4, 6, 8, 10]


def test_the_card_is_there_before_the_first_item_is_read(
    pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[MapJob] = []
    monkeypatch.setattr(module, "show_progress", lambda job, *_: shown.append(job))

    def items() -> Iterator[int]:
        assert shown == [running(pool)]
        yield 1

    assert pool_map(double, items()) == [2]
    assert len(shown) == 1


@pytest.mark.parametrize("after", [0, 1, 3])
def test_an_interrupt_while_an_item_is_read_stops_the_job(
    pool: WorkerPoolExecutor, history: History, after: int
) -> None:
    def items() -> Iterator[int]:
        yield from range(after)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        pool_map(wait_at_the_gate, items(), progress=False)
    result: MapResult[int] = vars(caught.value)["map_result"]
    result._job.ended.result(10)  # though the gate is shut
    assert result.partial() == [None] * after
    assert history.last() is result


def test_an_interrupt_is_one_though_the_job_was_cancelled_before(
    pool: WorkerPoolExecutor,
) -> None:
    """*Interrupt Kernel* cancels all jobs if the cell sleeps in its own iterable."""

    def items() -> Iterator[int]:
        pool._pool.dispatcher.cancel_all()
        raise KeyboardInterrupt
        yield 1

    with pytest.raises(KeyboardInterrupt):
        pool_map(double, items(), progress=False)


@pytest.mark.parametrize("count", [0, 1, 40])
def test_an_error_comes_after_the_values_before_it(pool: WorkerPoolExecutor, count: int) -> None:
    def items() -> Iterator[int]:
        yield from range(count)
        raise ConnectionError(count)

    with pytest.raises(ConnectionError) as caught:
        pool_map(double, items(), progress=False)
    assert vars(caught.value)["map_result"].partial() == [2 * x for x in range(count)]


def test_a_failure_ends_the_reading(pool: WorkerPoolExecutor) -> None:
    def invert(x: int) -> float:
        return 1 / x

    def items() -> Iterator[int]:
        yield 1
        yield 0
        running(pool).arrivals.of(1).result(10)
        for _ in range(100):
            yield 2
        raise AssertionError("nobody asked for so many")

    with pytest.raises(ZeroDivisionError):
        pool_map(invert, items(), progress=False)


def test_several_iterables_and_a_length_are_as_ever(pool: WorkerPoolExecutor) -> None:
    class Sized:
        def __len__(self) -> int:
            return 20

        def __iter__(self) -> Iterator[int]:
            return iter(range(20))

    def add(a: int, b: int) -> int:
        return a + b

    assert pool_map(add, Sized(), iter(range(50)), progress=False) == [2 * x for x in range(20)]
    with pytest.raises(ValueError, match="longer"):
        pool_map(add, iter([1]), iter([1, 2]), strict=True, progress=False)


def test_items_that_were_read_ahead_are_retried(pool: WorkerPoolExecutor) -> None:
    class Sized:
        def __len__(self) -> int:
            return 30

        def __iter__(self) -> Iterator[int]:
            return iter(range(30))

    def refuse(x: int) -> int:
        if x == 2:
            raise KeyError(x)
        return x

    with pytest.raises(KeyError) as caught:
        pool_map(refuse, Sized(), progress=False)
    result: MapResult[int] = vars(caught.value)["map_result"]
    result._job.ended.result(10)
    assert result.retry_failed(fn=abs, progress=False) == list(range(30))


def test_a_job_that_nobody_waits_for_reads_its_own_items(pool: WorkerPoolExecutor) -> None:
    result = pool_map(double, iter(range(9)), block=False, progress=False)
    assert result.wait() == [2 * x for x in range(9)]


def test_without_workers_the_items_are_read_in_the_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_pool() -> Any:
        raise PoolStartError("no workers here")

    monkeypatch.setattr(module, "get_reusable_executor", no_pool)
    with pytest.warns(PoolFallbackWarning):
        assert pool_map(double, iter(range(9))) == [2 * x for x in range(9)]


@pytest.mark.parametrize("after", [0, 3])
def test_a_sleep_of_the_iterable_ends_when_the_time_is_over(
    pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    limits: list[Callable[[], None]] = []

    def limit_lane(lane: int, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        limits.append(action)
        return lambda: None

    monkeypatch.setattr(pool._pool.backend, "limit_lane", limit_lane)
    ended = []

    def items() -> Iterator[int]:
        yield from range(after)
        woken = threading.Event()
        with Wait(woken.set) as wait:  # as `time.sleep` in a browser
            threading.Thread(target=limits[0]).start()
            ended.append(woken.wait(10))
        wait.check()
        yield after

    with pytest.raises(TimeoutError):
        pool_map(double, items(), timeout=60, progress=False)
    assert ended == [True]


def test_a_sleep_of_other_code_goes_on(pool: WorkerPoolExecutor) -> None:
    woken = threading.Event()
    with Wait(woken.set), pytest.raises(ZeroDivisionError):
        pool_map(lambda x: 1 / x, iter([0]), progress=False)
    assert not woken.is_set()


def test_a_result_that_runs_gives_the_items_of_another_job(pool: WorkerPoolExecutor) -> None:
    first = pool_map(double, iter(range(5)), block=False, progress=False)
    assert pool_map(double, first, progress=False) == [0, 4, 8, 12, 16]


@pytest.mark.parametrize("place", [0, 1, 3])
def test_workers_that_are_lost_while_an_item_is_read_are_not_missed(
    pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    def run_now(coroutine: Coroutine[Any, Any, None]) -> None:
        thread = threading.Thread(target=asyncio.run, args=(coroutine,))
        thread.start()
        thread.join(10)

    monkeypatch.setattr(module, "spawn", run_now)

    def items() -> Iterator[int]:
        for x in range(6):
            if x == place:
                pool._pool.dispatcher.break_all("the workers are gone")
            yield x

    with pytest.warns(PoolFallbackWarning):
        assert pool_map(double, items(), progress=False) == [0, 2, 4, 6, 8, 10]


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_job_is_not_asked_for_items_while_one_is_read(
    pool: WorkerPoolExecutor, place: int
) -> None:
    def items() -> Iterator[int]:
        for x in range(6):
            if x == place:
                pool._pool.dispatcher.add(running(pool))
            yield x

    assert pool_map(double, items(), progress=False) == [0, 2, 4, 6, 8, 10]
    result = pool_map(double, items(), block=False, progress=False)
    assert result.wait() == [0, 2, 4, 6, 8, 10]


class Interrupts:
    """Is interrupted while it is pickled."""

    def __reduce__(self) -> Any:
        raise KeyboardInterrupt


def test_an_interrupt_while_an_item_is_pickled_stops_what_runs(pool: WorkerPoolExecutor) -> None:
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt) as caught:
        pool_map(lambda _: wait_at_the_gate(), [1, 2, Interrupts(), 4], chunksize=1)
    assert time.monotonic() - started < 25  # the gate is shut for 30 s
    result = caught.value.map_result  # type: ignore[attr-defined]
    assert result._job.aborted
    assert not result.failed
