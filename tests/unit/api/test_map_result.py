"""The results of a `pool_map`, also of one whose items run again."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.map_result import MapResult
from jupyterlite_pool.api.pool_map import pool_map
from jupyterlite_pool.api.shared import set_reusable_executor
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.jobs.options import Again, MapOptions
from jupyterlite_pool.jobs.tasks import Outcome


@pytest.fixture
def pool() -> Iterator[WorkerPoolExecutor]:
    """The shared pool, in this process."""
    with WorkerPoolExecutor(backend=InProcessBackend(2)) as executor:
        set_reusable_executor(executor)
        yield executor
    set_reusable_executor(None)


class ByHand:
    """Runs items again in jobs whose tasks are finished by hand."""

    def __init__(self) -> None:
        self.jobs: list[MapJob] = []
        self.options: Mapping[str, Any] = {}

    def rerun(
        self,
        first: MapJob,
        fn: Callable[..., Any],
        inputs: Sequence[tuple[Any, ...]],
        again: Again,
        changes: Mapping[str, Any],
    ) -> MapJob:
        self.options = changes
        options = replace(first.options, starmap=True, again=again)
        self.jobs.append(MapJob(fn, [inputs], options))
        return self.jobs[-1]


def fail_second_of(job: MapJob) -> None:
    """The first item is done, the second has failed, the others are cancelled."""
    for outcome in (Outcome(0, 0.1, 10), Outcome(0, 0.1, error=KeyError("k"))):
        [task] = job.take(1)
        job.finish(task, outcome)


def finish(job: MapJob) -> None:
    while tasks := job.take(1):
        job.finish(tasks[0], Outcome(0, 0.1, 10 * tasks[0].args[0]))


def test_retry_runs_what_failed_or_was_cancelled_and_nothing_else() -> None:
    by_hand = ByHand()
    job = MapJob(abs, [[1, 2, 3]])
    result: MapResult[int] = MapResult(job, by_hand.rerun)
    fail_second_of(job)
    assert repr(result) == "<MapResult of abs: 1 of 3 done, 1 failed, 1 cancelled>"
    assert result.retry_failed(block=False, retries=1) is result
    assert by_hand.options == {"retries": 1}
    assert repr(result) == "<MapResult of abs: 1/3 done, 1 failed>"
    assert not result.done()
    finish(by_hand.jobs[0])
    assert result.done()
    assert list(result) == [10, 20, 30]
    assert result.failed == {}
    assert repr(result) == "[10, 20, 30]"
    assert result.retry_failed() is result
    assert len(by_hand.jobs) == 1


def test_a_retry_that_fails_can_be_retried() -> None:
    by_hand = ByHand()
    job = MapJob(abs, [[1, 2, 3, 4]])
    result: MapResult[int] = MapResult(job, by_hand.rerun)
    fail_second_of(job)
    result.retry_failed(block=False)
    fail_second_of(by_hand.jobs[0])
    assert result.partial() == [10, 10, None, None]
    assert set(result.failed) == {2}
    with pytest.raises(KeyError) as caught:
        result.wait()
    assert vars(caught.value)["map_result"] is result
    result.retry_failed(block=False)
    finish(by_hand.jobs[1])
    assert list(result) == [10, 10, 30, 40]


def test_cancel_cancels_the_items_that_run_again() -> None:
    by_hand = ByHand()
    job = MapJob(abs, [[1, 2, 3]])
    result: MapResult[int] = MapResult(job, by_hand.rerun)
    fail_second_of(job)
    result.retry_failed(block=False)
    result.cancel()
    assert by_hand.jobs[0].stopping
    assert result.done()


def test_pairs_come_as_they_are_completed_with_those_that_run_again() -> None:
    by_hand = ByHand()
    job = MapJob(abs, [[1, 2, 3]], MapOptions(return_exceptions=True))
    result: MapResult[int] = MapResult(job, by_hand.rerun)
    fail_second_of(job)
    job.cancel()
    result.retry_failed(block=False)
    finish(by_hand.jobs[0])
    assert list(result.as_completed()) == [(0, 10), (1, 20), (2, 30)]

    async def gather() -> list[tuple[int, int]]:
        return [pair async for pair in result.as_completed()]

    assert asyncio.run(gather()) == [(0, 10), (1, 20), (2, 30)]


def test_a_retry_on_a_pool_completes_the_result(pool: WorkerPoolExecutor, tmp_path: Path) -> None:
    mended = tmp_path / "mended"

    def tenfold(x: int) -> int:
        if x == 2 and not mended.exists():
            raise KeyError(x)
        return 10 * x

    with pytest.raises(KeyError) as caught:
        pool_map(tenfold, range(5), progress=False)
    result: MapResult[int] = vars(caught.value)["map_result"]
    concurrent.futures.wait([result._job.ended], 10)  # or items that still run would be missed
    assert 2 in result.failed
    mended.touch()
    assert result.retry_failed(progress=False) is result
    assert list(result) == [0, 10, 20, 30, 40]
    assert sorted(result.as_completed()) == [(i, 10 * i) for i in range(5)]
