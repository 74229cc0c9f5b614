"""Tasks are asked to end before their workers are stopped, with shared memory and without."""

from __future__ import annotations

import pytest

from tests.support.door import DOOR, PATIENT
from tests.support.kernel import Kernel

TASKS = """
import asyncio, os, sys, time
from jupyterlite_pool import WorkerPoolExecutor, current_worker, pool_map
from jupyterlite_pool.errors import TaskTimeoutError

def endless(_):
    "Until it is stopped; it cleans up then."
    try:
        while True:
            pass
    finally:
        sys.cleaned = True

def slow_steps(_):
    "Sleeps, as a step that takes long."
    while True:
        time.sleep(0.1)

async def awaiting(_):
    try:
        await asyncio.Event().wait()
    finally:
        sys.cleaned = True

def stubborn(_):
    while True:
        try:
            while True:
                pass
        except KeyboardInterrupt:
            pass

def has_cleaned_up():
    return os.getpid(), vars(sys).pop("cleaned", False)

async def running(executor):
    while not executor._pool.dispatcher.ledger.open_batches() or not any(
        batch.worker is not None for batch in executor._pool.dispatcher.ledger.open_batches()
    ):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)

async def stop(function, stop, patient=True):
    "Let a function run on one worker, and stop it: the worker before and after, and the time."
    executor = WorkerPoolExecutor(1)
    before, _ = await executor.submit(has_cleaned_up)
    if patient:
        await be_patient(executor)
    call = executor.submit(function, 0)
    await running(executor)
    began = time.monotonic()
    stop(call)
    after, cleaned = await executor.submit(has_cleaned_up)
    took = time.monotonic() - began
    executor.shutdown()
    return before == after, cleaned, took
"""


@pytest.fixture(params=["plain", "isolated"])
def asked(request: pytest.FixtureRequest) -> Kernel:
    """A kernel on a page, which may share memory with its workers or not."""
    name = "kernel" if request.param == "plain" else "isolated_kernel"
    kernel: Kernel = request.getfixturevalue(name)
    kernel.run(DOOR + PATIENT + TASKS)
    return kernel


@pytest.mark.parametrize("function", ["endless", "slow_steps", "awaiting"])
def test_a_call_that_is_cancelled_ends_and_its_worker_stays(asked: Kernel, function: str) -> None:
    asked.run(f"ended = await stop({function}, lambda call: call.cancel(running=True))")
    same, cleaned, took = asked.value("ended")
    print(f"{function}: the worker was free after {took:.2f} s")
    assert same
    assert cleaned == (function != "slow_steps")


def test_a_task_that_does_not_end_is_stopped_with_its_worker(asked: Kernel) -> None:
    asked.run("ended = await stop(stubborn, lambda call: call.cancel(running=True), False)")
    same, _, took = asked.value("ended")
    print(f"another worker was there after {took:.2f} s")
    assert not same


def test_tasks_of_a_job_that_is_cancelled_end_and_their_workers_stay(asked: Kernel) -> None:
    asked.run(
        """
executor = WorkerPoolExecutor(2)
while len(executor.ready_workers) < 2:
    await asyncio.sleep(0.01)
await be_patient(executor)
before = sorted(status.pid for status in executor.status().workers)
job = executor._pool.start_job(endless, [range(20)])
await running(executor)
job.abort()
while executor._pool.dispatcher.ledger.open_batches():
    await asyncio.sleep(0.01)
after = sorted(status.pid for status in executor.status().workers)
left = [len(job.outcomes.cancelled), len(job.outcomes.failures), len(job.outcomes.values)]
executor.shutdown()
"""
    )
    assert asked.value("left") == [20, 0, 0]
    assert asked.value("before == after")


def test_an_overdue_task_ends_and_its_worker_stays(asked: Kernel) -> None:
    asked.run(
        """
from jupyterlite_pool.jobs.options import MapOptions
executor = WorkerPoolExecutor(1)
before, _ = await executor.submit(has_cleaned_up)
await be_patient(executor)
job = executor._pool.start_job(endless, [[0]], MapOptions(task_timeout=1, return_exceptions=True))
await asyncio.wrap_future(job.ended)
error = job.outcomes.failures[0]
after, cleaned = await executor.submit(has_cleaned_up)
executor.shutdown()
"""
    )
    assert asked.value("type(error).__name__") == "TaskTimeoutError"
    assert "goes on" in asked.value("str(error)")
    assert asked.value("[before == after, cleaned]") == [True, True]


def test_the_task_behind_one_that_was_stopped_is_not_stopped(asked: Kernel) -> None:
    asked.run(
        """
def spin(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
    return seconds

executor = WorkerPoolExecutor(1)
await executor.submit(abs, 0)
kept = []
for step in range(12):
    # It ends about when it is stopped, and the next one has begun by then.
    first, second = executor.submit(spin, 0.5 + 0.02 * step), executor.submit(spin, 0.6)
    await asyncio.sleep(0.55)
    first.cancel(running=True)
    kept.append(await second)
executor.shutdown()
"""
    )
    assert asked.value("kept") == [0.6] * 12
