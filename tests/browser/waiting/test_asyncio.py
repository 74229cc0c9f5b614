"""Programs written for `asyncio`: the pool is an executor of the event loop."""

from __future__ import annotations

import pytest

from tests.support.kernel import Kernel
from tests.support.meeting import MEET


@pytest.fixture(scope="module", autouse=True)
def _executor(kernel: Kernel) -> None:
    kernel.run(MEET)
    kernel.run(
        """
import asyncio
from concurrent.futures import ThreadPoolExecutor
from jupyterlite_pool import WorkerPoolExecutor, current_worker
executor = WorkerPoolExecutor(2)
loop = asyncio.get_running_loop()

def worker(x):
    info = current_worker()
    return x, None if info is None else info.id

def nap(seconds):
    import time
    time.sleep(seconds)
    return seconds

executor.run_everywhere(abs, 0)  # both are up
"""
    )


def test_run_in_executor_runs_calls_at_the_same_time(kernel: Kernel) -> None:
    kernel.run(
        """
met = await asyncio.gather(
    *(loop.run_in_executor(executor, meet, "/drive/met", x, 2) for x in range(2))
)
"""
    )
    assert len(set(kernel.value("met"))) == 2


def test_the_kernel_goes_on_while_its_calls_run(kernel: Kernel) -> None:
    kernel.run(
        """
def wait_for(path):
    import os, time
    while not os.path.exists(path):
        time.sleep(0.01)
    return "called"
order = []
async def call():
    order.append(await loop.run_in_executor(executor, wait_for, "/drive/counted"))
async def count():
    for number in range(3):
        await asyncio.sleep(0.01)
        order.append(number)
    open("/drive/counted", "w").close()
await asyncio.gather(call(), count())
"""
    )
    assert kernel.value("order") == [0, 1, 2, "called"]


def test_calls_without_an_executor_or_with_threads_run_in_the_kernel(kernel: Kernel) -> None:
    kernel.run(
        """
here = [
    await loop.run_in_executor(None, worker, 1),
    await loop.run_in_executor(ThreadPoolExecutor(), worker, 2),
    await asyncio.to_thread(worker, 3),
]
"""
    )
    assert kernel.value("here") == [[1, None], [2, None], [3, None]]


def test_an_exception_reaches_who_awaits(kernel: Kernel) -> None:
    kernel.run(
        """
try:
    await loop.run_in_executor(executor, int, "x")
except ValueError as error:
    said = str(error)
answers = await asyncio.gather(
    *(loop.run_in_executor(executor, int, text) for text in "1x"), return_exceptions=True
)
"""
    )
    assert kernel.value("said") == "invalid literal for int() with base 10: 'x'"
    assert kernel.value("[answers[0], type(answers[1]).__name__]") == [1, "ValueError"]


def test_futures_can_be_awaited_wrapped_and_taken_as_they_complete(kernel: Kernel) -> None:
    kernel.run(
        """
awaited = await asyncio.gather(*(executor.submit(abs, -x) for x in range(5)))
wrapped = await asyncio.wrap_future(executor.submit(pow, 2, 4))
futures = [asyncio.wrap_future(executor.submit(worker, x)) for x in range(5)]
completed = sorted([(await future)[0] for future in asyncio.as_completed(futures)])
"""
    )
    assert kernel.value("[awaited, wrapped]") == [[0, 1, 2, 3, 4], 16]
    assert kernel.value("completed") == [0, 1, 2, 3, 4]


def test_values_of_a_job_come_with_async_for(kernel: Kernel) -> None:
    kernel.run(
        """
from jupyterlite_pool import pool_map
result = pool_map(worker, range(6), block=False)
values = [value async for value in result]
"""
    )
    assert kernel.value("[x for x, _ in values]") == list(range(6))
    assert kernel.value("None not in [worker for _, worker in values]")


def test_async_with_waits_for_its_calls_and_stops(kernel: Kernel) -> None:
    kernel.run(
        """
async with WorkerPoolExecutor(1) as own:
    last = own.submit(nap, 0.1)
ended = [last.done(), own.closed]
"""
    )
    assert kernel.value("ended") == [True, True]


def test_a_wait_that_is_given_up_cancels_the_call_that_has_not_started(kernel: Kernel) -> None:
    kernel.run(
        """
busy = [executor.submit(nap, 0.3) for _ in range(4)]
waiting = executor.submit(worker, 1)
late = None
try:
    await asyncio.wait_for(asyncio.wrap_future(waiting), 0.05)
except TimeoutError as error:
    late = type(error).__name__
slept = await asyncio.gather(*busy)
"""
    )
    assert kernel.value("[late, waiting.cancelled(), slept]") == [
        "TimeoutError",
        True,
        [0.3, 0.3, 0.3, 0.3],
    ]


def test_a_task_that_is_cancelled_cancels_the_call_it_awaits(kernel: Kernel) -> None:
    kernel.run(
        """
busy = [executor.submit(nap, 0.3) for _ in range(4)]
waiting = executor.submit(worker, 1)
async def use():
    return await waiting
task = asyncio.create_task(use())
await asyncio.sleep(0.01)
task.cancel()
[outcome] = await asyncio.gather(task, return_exceptions=True)
slept = await asyncio.gather(*busy)
"""
    )
    assert kernel.value("[type(outcome).__name__, waiting.cancelled()]") == ["CancelledError", True]
    assert kernel.value("executor.submit(abs, -2).result()") == 2
