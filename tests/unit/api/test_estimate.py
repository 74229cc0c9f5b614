"""How long a job will take."""

from __future__ import annotations

import asyncio
import time

import pytest

from jupyterlite_pool import WorkerPoolExecutor, estimate
from jupyterlite_pool.api import estimate as module
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
    started = time.monotonic()
    assert seconds_of(10**8, [1e-3], 10_000) == pytest.approx(10.0, rel=0.05)
    assert time.monotonic() - started < 5


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
    items = [0.02] * 100
    made = estimate(nap, items)
    assert made.serial == pytest.approx(2.0, rel=0.5)
    assert made.seconds == pytest.approx(made.serial / 2, rel=0.2)
    assert (made.items, made.workers) == (100, 2)
    assert 2 <= made.measured < 100
    assert made.on("local", 4) < made.seconds + COSTS["local"].start + 4
    assert repr(made).startswith("about ")
    assert "here on 2 workers" in repr(made)
    assert f"({made.measured} of 100 items were measured)" in repr(made)


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
        return await measuring

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
    assert estimate(abs, iter(range(50)), total=10**6).items == 10**6
    assert estimate(abs, iter([]), total=5).items == 0
    with pytest.raises(TypeError, match="total="):
        estimate(abs, iter([1]))


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
    [(0.0042, "4.2 ms"), (0.25, "0.25 s"), (3.14, "3.1 s"), (42.3, "42 s"), (125, "2:05")],
)
def test_times_read_as_people_say_them(seconds: float, text: str) -> None:
    assert module.in_words(seconds) == text
