"""How long a job will take."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import time
from collections.abc import Sequence

import numpy
import pandas
import pytest

from jupyterlite_pool import MapResult, WorkerPoolExecutor, estimate
from jupyterlite_pool.api import estimate as module
from jupyterlite_pool.api.history import History
from jupyterlite_pool.errors import PoolFallbackWarning, PoolStartError
from jupyterlite_pool.jobs.cost_model import COSTS, Costs, Sample, predict
from jupyterlite_pool.tracebacks import notes_of

FREE = Costs(0, 0, 0, 0, 0, 0, 0, 1)


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def seconds_of(items: int, seconds: list[float], workers: int, costs: Costs = FREE) -> float:
    return predict(Sample(items, seconds), workers, costs)


# The model.


@pytest.mark.parametrize(
    ("items", "workers", "expected"), [(8, 2, 4), (5, 2, 3), (1, 16, 1), (16, 16, 1), (17, 16, 2)]
)
def test_long_items_take_as_many_rounds_as_there_must_be(
    items: int, workers: int, expected: float
) -> None:
    assert seconds_of(items, [1.0], workers) == pytest.approx(expected)


def test_a_long_item_at_the_end_is_waited_for() -> None:
    assert seconds_of(10, [0.1] * 9 + [5.0], 2) == pytest.approx(5.4, abs=0.2)


def test_very_many_items_take_their_share_of_the_workers() -> None:
    started = time.process_time()
    assert seconds_of(10**8, [1e-3], 10_000) == pytest.approx(10.0, rel=0.05)
    assert time.process_time() - started < 5


def test_a_notebook_that_is_busy_with_batches_is_the_limit() -> None:
    costs = FREE._replace(batch=0.001)
    # A batch takes 0.05 s, so that 50 workers are as many as it can serve.
    assert seconds_of(10**6, [1e-3], 10, costs) == pytest.approx(100, rel=0.05)
    assert seconds_of(10**6, [1e-3], 1000, costs) == pytest.approx(20, rel=0.05)


def test_bytes_and_items_cost_the_notebook_time() -> None:
    costs = FREE._replace(sent=1e-9, returned=2e-9, item=1e-6)
    sample = Sample(1000, [0.0], sent=1e6)
    assert predict(sample, 2, costs) == pytest.approx(1.001, rel=0.05)
    sample = Sample(1000, [0.0], returned=1e6)
    assert predict(sample, 2, costs) == pytest.approx(2.001, rel=0.05)


def test_workers_that_have_to_start_take_their_time() -> None:
    costs = FREE._replace(start=1.0, start_worker=0.5)
    sample = Sample(2, [1.0])
    assert predict(sample, 2, costs, started=False) == pytest.approx(3.0)
    assert predict(sample, 2, costs, pace=2.0) == pytest.approx(2.0)


# What people call.


def test_it_says_how_long_a_job_takes(pool: WorkerPoolExecutor) -> None:
    made = estimate(nap, [0.02] * 100)
    assert made.serial >= 2.0  # a busy machine sleeps for longer
    assert made.serial / 2 <= made.seconds <= made.serial
    assert (made.items, made.workers) == (100, 2)
    assert 2 <= made.measured < 100
    sample = made._sample
    assert made.on("local", 4) == predict(sample, 4, COSTS["local"], started=False)
    text = repr(made)
    assert text.startswith(f"about {module.in_words(made.seconds)} here on 2 workers, ")
    assert text.endswith(f"({made.measured} of 100 items were measured)")


@pytest.mark.parametrize("items", [1, 2, 3, 7, 5000])
def test_no_item_runs_twice(
    pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch, items: int
) -> None:
    ran: list[int] = []
    run = module._run

    def noted(fn: object, of: object, numbers: Sequence[int], calls: object) -> MapResult[object]:
        ran.extend(numbers)
        return run(fn, of, numbers, calls)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_run", noted)
    estimate(abs, range(items))
    assert len(ran) == len(set(ran)) >= min(items, 3)
    assert set(ran) <= set(range(items))


def test_it_can_be_awaited_everywhere(
    pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def both() -> tuple[object, object]:
        return await estimate(nap, [0.01] * 4), None

    assert asyncio.run(both())[0].items == 4  # type: ignore[attr-defined]
    monkeypatch.setattr(module, "can_block", lambda: False)

    async def later() -> object:
        measuring = estimate(nap, [0.01] * 4)
        assert "await estimate" in repr(measuring)
        made = await measuring
        assert await measuring is made
        return made

    assert asyncio.run(later()).items == 4  # type: ignore[attr-defined]


def test_an_error_of_an_item_has_the_number_of_the_item(pool: WorkerPoolExecutor) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        estimate(lambda x: 1 / (x - 75), range(100))
    assert any("item 75 of 100" in note for note in notes_of(caught.value))


def test_all_kinds_of_items(pool: WorkerPoolExecutor) -> None:
    assert estimate(divmod, [(7, 2)] * 3, starmap=True).items == 3
    assert estimate(divmod, range(1, 6), range(1, 4)).items == 3
    assert estimate(abs, {1, 2}).items == 2
    assert estimate(len, {"ab": 1, "c": 2}).items == 2
    assert estimate(abs, []).items == 0
    assert repr(estimate(abs, [])) == "nothing to do: there are no items"
    assert estimate(abs, itertools.count(), total=10**6).items == 10**6
    assert estimate(abs, [1, 2, 3], total=10**6).items == 3  # as `pool_map`: it is known
    assert estimate(abs, itertools.count(), total=2).measured <= 2
    series = pandas.Series([1.0, 4.0], index=[10, 20])
    assert estimate(abs, series).items == 2
    assert estimate(len, pandas.DataFrame({"a": [1], "bc": [2]})).items == 2
    assert estimate(abs, numpy.arange(5)).items == 5
    assert estimate(abs, iter([]), total=5).items == 0
    with pytest.raises(TypeError, match="total="):
        estimate(abs, iter([1]))
    with pytest.raises(ValueError, match="total must be at least 0"):
        estimate(abs, iter([1]), total=-1)
    with pytest.raises(TypeError, match="nothing to map over"):
        estimate(abs)
    with pytest.raises(TypeError, match="must be a function"):
        estimate(5, [1])  # type: ignore[arg-type]


def test_what_an_error_has_left_is_where_it_says(
    pool: WorkerPoolExecutor, history: History
) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        estimate(lambda x: 1 / x, [0, 0])
    assert history.last().failed.keys() in ({0}, {1}, {0, 1})
    assert any("last_result()" in note for note in notes_of(caught.value))


def test_where_no_worker_starts_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_pool() -> WorkerPoolExecutor:
        raise PoolStartError("no workers here")

    # The pool breaks after it was asked for its size.
    monkeypatch.setattr(module, "_engine", lambda: (8, COSTS["local"]))
    monkeypatch.setattr(
        importlib.import_module("jupyterlite_pool.api.pool_map"), "get_reusable_executor", no_pool
    )
    with pytest.warns(PoolFallbackWarning):
        assert estimate(abs, range(20)).workers == 1


def test_bytes_are_counted_both_ways(pool: WorkerPoolExecutor) -> None:
    sent = estimate(len, [bytes(10**6)] * 4)._sample
    back = estimate(bytes, [10**6] * 4)._sample
    assert (sent.sent, back.returned) == pytest.approx((10**6, 10**6), rel=0.01)
    assert (sent.returned, back.sent) == pytest.approx((30, 30), abs=30)


def test_engines_and_workers_that_nobody_knows_are_errors(pool: WorkerPoolExecutor) -> None:
    made = estimate(abs, [1, 2])
    with pytest.raises(ValueError, match="'pyodide', 'local', 'dask'"):
        made.on("slurm", 4)
    with pytest.raises(ValueError, match="at least 1"):
        made.on("local", 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1e-9, "less than 0.01 ms"),
        (0.0042, "4.2 ms"),
        (0.0996, "0.1 s"),
        (0.25, "0.25 s"),
        (3.14, "3.1 s"),
        (9.97, "10 s"),
        (42.3, "42 s"),
        (99.6, "1:40"),
        (125, "2:05"),
    ],
)
def test_times_read_as_people_say_them(seconds: float, text: str) -> None:
    assert module.in_words(seconds) == text
