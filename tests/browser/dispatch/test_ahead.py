"""Workers go on while the notebook itself computes."""

from __future__ import annotations

import pytest

from tests.support.door import DOOR
from tests.support.kernel import Kernel

pytestmark = pytest.mark.alone

TASKS = """
import asyncio, os, time
from concurrent.futures import as_completed, wait
from jupyterlite_pool import WorkerPoolExecutor, get_reusable_executor, pool_map
from jupyterlite_pool.errors import TaskTimeoutError, TerminatedWorkerError

def burn(seconds):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass
    return time.time()

def nap(seconds):
    time.sleep(seconds)
    return time.time()

def compute(seconds):
    '''Compute in the notebook itself; the clock's time at the end.'''
    return burn(seconds)

async def up(executor, count=2):
    while len(executor.ready_workers) < count or not executor.status().spares:
        await asyncio.sleep(0.02)
"""


@pytest.fixture(scope="module")
def computing(kernel: Kernel) -> Kernel:
    """A kernel with a pool of two workers and a spare."""
    kernel.run(DOOR + TASKS)
    kernel.run("executor = get_reusable_executor()\nexecutor.scale(2)\nawait up(executor)")
    return kernel


def test_items_of_a_list_run_while_the_notebook_computes(computing: Kernel) -> None:
    computing.run(
        "job = pool_map(nap, [0.25] * 40, block=False, progress=False)\n"
        "over = compute(5.4)\n"
        "ends = await job"
    )
    assert computing.value("len([end for end in ends if end <= over])") >= 20


def test_calls_run_while_the_notebook_computes(computing: Kernel) -> None:
    computing.run(
        "futures = [executor.submit(abs, -i) for i in range(2000)]\n"
        "marks = [executor.submit(time.time) for _ in range(2)]\n"
        "over = compute(3)\n"
        "assert [f.result() for f in futures] == list(range(2000))\n"
        "early = [mark.result() < over for mark in marks]"
    )
    assert computing.value("early") == [True, True]


def test_a_job_of_many_brief_items_runs_too(computing: Kernel) -> None:
    computing.run(
        "def at(x):\n"
        "    return x, time.time()\n"
        "job = pool_map(at, range(10_000), block=False, progress=False)\n"
        "over = compute(3)\n"
        "pairs = list(job)"
    )
    assert computing.value("[x for x, _ in pairs] == list(range(10_000))")
    assert computing.value("sum(t < over for _, t in pairs)") >= 5_000


def test_a_worker_that_is_lost_meanwhile_is_replaced(computing: Kernel) -> None:
    computing.run(
        "job = pool_map(nap, [0.25] * 40, block=False, progress=False, retries=0,\n"
        "               return_exceptions=True)\n"
        "await asyncio.sleep(0.1)\n"
        "victim = sorted(executor.ready_workers)[0]\n"
        "end = f'pool.crew.get({victim}).worker.terminate()'\n"
        "tell_broker(executor, f'setTimeout(() => {end}, 1500)')\n"
        "over = compute(6)\n"
        "ends = await job\n"
        "lost = [e for e in ends if isinstance(e, TerminatedWorkerError)]\n"
        "done = [e for e in ends if isinstance(e, float) and e <= over]"
    )
    assert computing.value("[len(ends), len(lost)]") == [40, 1]
    assert computing.value("len(done)") >= 20


def test_a_task_that_takes_too_long_is_ended_meanwhile(computing: Kernel) -> None:
    computing.run(
        "def endless(x):\n"
        "    while x == 0: pass\n"
        "    return time.time()\n"
        "job = pool_map(endless, [0, 1, 2, 3], task_timeout=1, max_workers=1, block=False,\n"
        "               progress=False, return_exceptions=True)\n"
        "over = compute(5)\n"
        "first, *others = await job"
    )
    assert computing.value("type(first).__name__") == "TaskTimeoutError"
    assert computing.value("all(end < over for end in others)"), "they ran after the endless one"


def test_a_call_that_ran_meanwhile_cannot_be_cancelled(computing: Kernel) -> None:
    computing.run(
        "futures = [executor.submit(nap, 0.1) for _ in range(60)]\n"
        "compute(1)\n"
        "cancelled = [f.cancel() for f in reversed(futures)][::-1]\n"
        "told = [f.cancelled() for f in futures]\n"
        "wait(futures)"
    )
    assert computing.value("cancelled == told == [f.cancelled() for f in futures]")
    assert computing.value("not any(cancelled[:8]) and all(cancelled[-8:])")


def test_another_job_has_its_turn_although_everything_is_handed_over(computing: Kernel) -> None:
    computing.run(
        "long = pool_map(nap, [0.05] * 200, block=False, progress=False)\n"
        "began = time.time()\n"
        "short = pool_map(nap, [0.05] * 4, progress=False)\n"
        "took = time.time() - began\n"
        "left = long.partial().count(None)\n"
        "long.cancel()"
    )
    assert computing.value("left") > 100


def test_a_job_that_takes_too_long_is_ended_meanwhile(computing: Kernel) -> None:
    computing.run(
        "job = pool_map(nap, [0.2] * 100, timeout=1, block=False, progress=False)\n"
        "mark = executor.submit(time.time)  # its turn comes soon, in any case\n"
        "marks = [executor.submit(nap, 1) for _ in range(2)]\n"
        "over = compute(5)\n"
        "ended = [m.result() for m in marks]\n"
        "try:\n"
        "    await job\n"
        "except TimeoutError as error:\n"
        "    text = str(error)\n"
        "finished = [x for x in job.partial() if x is not None]"
    )
    assert "timeout=1 s" in computing.value("text")
    assert computing.value("len(finished)") < 15
    assert computing.value("max(finished) < over - 2.5"), "nothing of it ran after its limit"
    assert computing.value("max(ended) < over")


def test_a_job_that_is_cancelled_meanwhile_is_given_nothing_more(computing: Kernel) -> None:
    computing.run(
        "name = 'fedcba9876543210'\n"
        "job = pool_map(nap, [0.2] * 100, block=False, progress=False)\n"
        "executor._pool.let_cancel(job._job, name, job._job.abort)\n"
        "compute(0.7)\n"
        "js.BroadcastChannel.new(f'jupyterlite-pool-cancel-{name}').postMessage(True)\n"
        "over = compute(2)\n"
        "mark = executor.submit(time.time)  # with it, more of the job might be handed over\n"
        "over = compute(1)\n"
        "while not job.done(): await asyncio.sleep(0.01)\n"
        "ended = [end for end in job.partial() if end]\n"
        "still = await in_broker(executor, 'own.broker.cancels.channels.size')"
    )
    assert computing.value("0 < len(ended) < 20")
    assert computing.value("max(ended) < over - 2")
    assert computing.value("mark.result() < over"), "others' turns come meanwhile"
    assert computing.value("still") == 0


def test_if_the_broker_itself_is_gone_all_calls_say_so(computing: Kernel) -> None:
    computing.run(
        "other = WorkerPoolExecutor(1)\n"
        "assert await other.submit(abs, -1) == 1\n"
        "endless = other.submit(time.sleep, 3600)\n"
        "tell_broker(other, 'self.close()')\n"
        "try:\n"
        "    await asyncio.wait_for(endless, 30)\n"
        "except Exception as error:\n"
        "    said = f'{type(error).__name__}: {error}'"
    )
    assert computing.value("said").startswith("PoolStartError: the worker that manages the pool")
