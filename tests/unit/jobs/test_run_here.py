"""An executor that is made inside a task runs calls one after the other."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor, current_worker
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.worker import runner


def inside(function: Any, *args: Any) -> Any:
    """The value of a function that runs as a task of a pool."""
    with WorkerPoolExecutor(backend=InProcessBackend(1)) as executor:
        return executor.submit(function, *args).result(20)


def test_calls_run_right_there_one_after_the_other() -> None:
    def task() -> Any:
        with WorkerPoolExecutor(4) as executor:
            future = executor.submit(pow, 2, 5)
            done = future.done()
            values = list(executor.map(lambda x: x * x, range(50), chunksize=7))
            everywhere = executor.run_everywhere(os.getpid)
        return done, future.result(), values, everywhere, executor.max_workers

    assert inside(task) == (True, 32, [x * x for x in range(50)], [os.getpid()], 1)


def test_a_batch_that_takes_long_needs_no_turn_of_the_event_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "POST_INTERVAL", 0)

    def task() -> Any:
        with WorkerPoolExecutor() as executor:
            large = executor.map(bytes, [200_000] * 5, chunksize=5)
            return list(executor.map(abs, range(5), chunksize=5)), sum(map(len, large))

    assert inside(task) == ([0, 1, 2, 3, 4], 1_000_000)


def test_the_outer_task_stays_who_it_is() -> None:
    def task() -> Any:
        before = current_worker()
        with WorkerPoolExecutor() as executor:
            inner = executor.submit(current_worker).result()
        assert before is not None
        assert inner is not None
        return before == current_worker() and inner.id == before.id

    assert inside(task) is True


def test_errors_arrive_and_the_rest_goes_on() -> None:
    def task() -> Any:
        with WorkerPoolExecutor() as executor:
            failed = executor.submit(divmod, 1, 0)
            return type(failed.exception()).__name__, executor.submit(abs, -1).result()

    assert inside(task) == ("ZeroDivisionError", 1)


def test_large_bytes_and_objects_that_were_put() -> None:
    def task() -> Any:
        data = bytearray(200_000)
        with WorkerPoolExecutor() as executor:
            ref = executor.put(data)
            back = executor.submit(bytes, data).result()
            return len(back), executor.submit(lambda held: len(held), ref).result()

    assert inside(task) == (200_000, 200_000)


def test_an_initializer_runs_first_and_one_that_raises_is_told_of() -> None:
    def task() -> Any:
        seen: list[int] = []
        names: dict[str, int] = {}
        with WorkerPoolExecutor(initializer=lambda: None) as executor:
            seen.append(executor.submit(abs, -3).result())
        with WorkerPoolExecutor(initializer=divmod, initargs=(1, 0)) as broken:
            try:
                broken.submit(abs, -1).result()
            except Exception as error:
                return seen, names, type(error).__name__
        return None

    assert inside(task) == ([3], {}, "PoolStartError")


def test_tasks_that_await_go_on_with_the_event_loop() -> None:
    async def later(x: int) -> int:
        await asyncio.sleep(0.01)
        await asyncio.sleep(0)
        return x + 1

    async def fails(x: int) -> int:
        await asyncio.sleep(0)
        raise LookupError(x)

    async def task() -> Any:
        with WorkerPoolExecutor() as executor:
            futures = [executor.submit(later, i) for i in range(3)]
            values = [await future for future in futures]
            with pytest.raises(LookupError):
                _ = await asyncio.wrap_future(executor.submit(fails, 5))
            return values

    assert inside(task) == [1, 2, 3]
