"""The results of a `pool_map`, also of one whose items run again."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import math
import operator
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.map_result import MapResult
from jupyterlite_pool.api.pool_map import pool_map
from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.jobs.options import Again, MapOptions
from jupyterlite_pool.jobs.tasks import Outcome
from jupyterlite_pool.notebook.progress import Progress
from jupyterlite_pool.tracebacks import notes_of
from tests.support.gate import GATE, wait_at_the_gate


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


def test_retried_items_keep_their_numbers_and_the_options_of_the_first_run(
    pool: WorkerPoolExecutor,
) -> None:
    def fail_on_odd(x: int) -> int:
        if x % 2:
            raise KeyError(x)
        return x

    result = pool_map(fail_on_odd, range(6), return_exceptions=True, progress=False)
    assert set(result.failed) == {1, 3, 5}
    result.retry_failed(progress=False)  # fails as before, and is no error, as before
    for index, error in result.failed.items():
        [note] = [text for text in notes_of(error) if text.startswith("item ")]
        assert note.startswith(f"item {index} of 6 (args: {index})")
    with pytest.raises(KeyError) as caught:
        result.retry_failed(return_exceptions=False, progress=False)
    assert notes_of(caught.value)[0].startswith(f"item {caught.value.args[0]} of 6 ")
    concurrent.futures.wait([run.ended for run in result._runs.all], 10)
    assert result.retry_failed(fn=lambda x: -x, progress=False) == [0, -1, 2, -3, 4, -5]


def test_a_function_that_is_none_is_refused_before_a_retry(pool: WorkerPoolExecutor) -> None:
    result = pool_map(lambda x: 1 / x, [0, 1], return_exceptions=True, progress=False)
    with pytest.raises(TypeError, match="must be a function"):
        result.retry_failed(fn=3, progress=False)  # type: ignore[arg-type]
    assert set(result.failed) == {0}
    assert result[1] == 1.0


def test_retried_items_draw_the_random_numbers_of_their_first_run(
    pool: WorkerPoolExecutor,
) -> None:
    def draw(x: int) -> float:
        import random

        return random.random()

    def draw_some(x: int) -> float:
        import random

        value = random.random()
        if x % 2:
            raise KeyError(x)
        return value

    pool.scale(1)  # workers of this process share one stream of random numbers
    drawn = pool_map(draw, range(4), seed=3, progress=False)
    result = pool_map(draw_some, range(4), seed=3, return_exceptions=True, progress=False)
    assert result.retry_failed(fn=draw, progress=False) == drawn


def test_a_time_limit_stops_what_runs_and_keeps_what_has_finished(
    pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[tuple[float, Callable[[], None]]] = []

    def limit_lane(lane: int, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        limits.append((seconds, action))
        return lambda: None

    def wait_with_the_third(x: int) -> int:
        return wait_at_the_gate(x) if x == 2 else x

    monkeypatch.setattr(pool._pool.backend, "limit_lane", limit_lane)
    options: dict[str, Any] = {"max_workers": 1, "chunksize": 1, "progress": False}
    result = pool_map(wait_with_the_third, range(6), timeout=60, block=False, **options)
    assert result[1] == 1
    [(seconds, time_is_over)] = limits
    assert seconds == 60
    time_is_over()
    with pytest.raises(TimeoutError, match="took longer than timeout=60 s") as caught:
        result.wait()
    # It does not wait for what runs: the worker is stopped.
    assert concurrent.futures.wait([result._job.ended], 10).done
    assert not GATE.is_set()
    assert result.done()
    assert result.partial() == [0, 1, None, None, None, None]
    assert result.failed == {}
    assert notes_of(caught.value) == [
        "2 items finished and are kept in `jupyterlite_pool.last_result()`; "
        "its `retry_failed()` runs the others"
    ]
    assert Progress.of(result._job, "f", 1).phase == "failed"
    assert result.retry_failed(fn=abs, progress=False) == [0, 1, 2, 3, 4, 5]


def lines(count: int) -> Iterator[int]:
    """Raises an error after some items."""
    yield from range(count)
    raise ConnectionError(count)


@pytest.mark.parametrize("count", [0, 1, 20])
@pytest.mark.parametrize("return_exceptions", [False, True])
def test_an_error_of_the_iterable_comes_after_the_values_before_it(
    pool: WorkerPoolExecutor, count: int, return_exceptions: bool
) -> None:
    with pytest.raises(ConnectionError) as caught:
        pool_map(lambda x: -x, lines(count), return_exceptions=return_exceptions, progress=False)
    assert caught.value.args == (count,)
    assert f"raised by the iterable when item {count} was asked for" in notes_of(caught.value)
    result: MapResult[int] = vars(caught.value)["map_result"]
    values = [-x for x in range(count)]
    assert result.partial() == values
    assert len(result) == count
    got: list[int] = []
    with pytest.raises(ConnectionError):
        got.extend(result)
    assert got == values
    for use in (list, sorted, lambda r: r == values, lambda r: list(r.as_completed())):
        with pytest.raises(ConnectionError):
            use(result)
    assert f"{count} of {count} done" in repr(result)
    assert "then the iterable raised ConnectionError" in repr(result)

    async def gather() -> None:
        async for value in result:
            got.append(value)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(ConnectionError):
        asyncio.run(gather())
    assert got == values * 2


def test_a_tuple_of_arguments_is_given_as_arguments(pool: WorkerPoolExecutor) -> None:
    pairs = [(2, 3), [4, 2], "ab"]
    assert pool_map(lambda a, b: a * 2 + b * 2, pairs, starmap=True, progress=False) == [
        10,
        12,
        "aabb",
    ]
    assert pool_map(max, [(1, 2), (3, 2, 5)], starmap=True, progress=False) == [2, 5]
    with pytest.raises(TypeError, match="starmap=True takes one iterable of tuples, not 2"):
        pool_map(max, [1], [2], starmap=True)


def test_an_item_that_is_no_tuple_of_arguments_fails_alone(pool: WorkerPoolExecutor) -> None:
    result = pool_map(
        max, [(1, 2), 7, (5, 3)], starmap=True, return_exceptions=True, progress=False
    )
    assert (result[0], result[2]) == (2, 5)
    assert str(result.failed[1]) == (
        "with starmap=True each item is a tuple of arguments, and this one is 'int'"
    )


def test_items_of_different_lengths_are_retried(pool: WorkerPoolExecutor) -> None:
    tuples = [(1, 2), (3, 4, 5), (6,), ()]
    with pytest.raises(TypeError):
        pool_map(lambda a, b: a, tuples, starmap=True, chunksize=1, progress=False)
    from jupyterlite_pool import last_result

    result = last_result()
    concurrent.futures.wait([result._job.ended], 10)
    assert result.retry_failed(fn=lambda *values: sum(values), progress=False)[1:] == [12, 6, 0]


class Point:
    def __init__(self, x: int, y: int) -> None:
        self.at = x, y

    def moved(self, x: int, y: int) -> Point:
        return Point(self.at[0] + x, self.at[1] + y)


def add(a: int, b: int) -> int:
    return a + b


def wants_one(pair: tuple[int, int]) -> int:
    return add(pair[0])  # type: ignore[call-arg]


HINT = "`pool_map(f, pairs, starmap=True)` gives it the parts of each tuple as arguments"


@pytest.mark.parametrize(
    "fn",
    [
        add,
        lambda a, b: a + b,
        Point,
        Point(1, 2).moved,
        pow,
        divmod,
        math.atan2,
        operator.add,
        isinstance,
        functools.partial(add),
    ],
    ids=[
        "def",
        "lambda",
        "class",
        "method",
        "pow",
        "divmod",
        "math",
        "operator",
        "isinstance",
        "partial",
    ],
)
def test_a_function_that_was_given_one_tuple_is_explained(
    pool: WorkerPoolExecutor, fn: Callable[..., Any]
) -> None:
    with pytest.raises(TypeError) as caught:
        pool_map(fn, [(1, 2)], progress=False)
    assert any(HINT in note for note in notes_of(caught.value))


@pytest.mark.parametrize(("fn", "item"), [(add, 1), (wants_one, (1, 2)), (len, 3)])
def test_other_mistakes_get_no_hint(
    pool: WorkerPoolExecutor, fn: Callable[..., Any], item: Any
) -> None:
    with pytest.raises(TypeError) as caught:
        pool_map(fn, [item], progress=False)
    assert not any(HINT in note for note in notes_of(caught.value))


def test_the_total_that_a_user_knows_is_shown_until_the_iterable_tells() -> None:
    job = MapJob(abs, [iter([1, 2, 3])], MapOptions(total=5, chunksize=1))
    first = job.take(2)
    assert Progress.of(job, "f", 1).total == 5
    finish(job)
    job.finish(first[0], Outcome(0, 0.1, 1))
    assert Progress.of(job, "f", 1).total == 3
    more = MapJob(abs, [iter(range(9))], MapOptions(total=2, chunksize=1))
    for _ in range(3):
        [task] = more.take(1)
        more.finish(task, Outcome(0, 0.1, 1))
    assert Progress.of(more, "f", 1).total is None  # there are more than the user said


@pytest.mark.parametrize("return_exceptions", [False, True])
def test_whatever_reads_waits_for_items_that_run_again(
    pool: WorkerPoolExecutor, return_exceptions: bool
) -> None:
    def ten_times(x: int) -> int:
        return 10 * wait_at_the_gate(x)

    uses: list[Callable[[Any], Any]] = [list, lambda r: r[:], lambda r: [r[0], r[1], r[2]], sorted]
    for use in uses:
        GATE.clear()
        result = pool_map(lambda x: 1 / (x - 2), [1, 2, 3], return_exceptions=True, progress=False)
        result.retry_failed(
            fn=ten_times,
            block=False,
            return_exceptions=return_exceptions,
            progress=False,
        )
        threading.Timer(0.02, GATE.set).start()
        assert sorted(use(result)) == [-1.0, 1.0, 20]


def test_items_that_were_cancelled_as_they_ran_again_keep_their_errors(
    pool: WorkerPoolExecutor,
) -> None:
    result = pool_map(lambda x: 1 / x, [1, 0, 0, 2], return_exceptions=True, progress=False)
    result.retry_failed(fn=wait_at_the_gate, block=False, progress=False)
    result.cancel(running=True)
    concurrent.futures.wait([run.ended for run in result._runs.all], 10)
    assert [type(each) for each in result] == [float, ZeroDivisionError, ZeroDivisionError, float]
    assert len(result) == 4
