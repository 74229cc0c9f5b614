"""Tasks that are over in no time, one by one, on workers that have several of them waiting."""

from __future__ import annotations

import pytest

from tests.support.kernel import UNTIL, Kernel

TASKS = """
import os
from jupyterlite_pool import current_worker, get_reusable_executor, pool_map
from jupyterlite_pool.errors import TerminatedWorkerError

def brief(x):
    return x, current_worker().id

def exit_at(x, where):
    if x in where:
        os._exit(3)
    return x
"""


@pytest.fixture(scope="module", autouse=True)
def _tasks(kernel: Kernel) -> None:
    kernel.run(UNTIL + TASKS)
    # One worker alone would have run them all before another is there.
    kernel.run(
        "executor = get_reusable_executor(2)\nawait until(lambda: len(executor.ready_workers) == 2)"
    )


def test_each_runs_once_and_all_workers_take_part(kernel: Kernel) -> None:
    kernel.run("got = list(pool_map(brief, range(2000), chunksize=1, progress=False))")
    assert kernel.value("[x for x, _ in got] == list(range(2000))")
    assert kernel.value("len({worker for _, worker in got})") >= 2


def test_a_worker_that_exits_takes_nothing_along_that_waited_at_it(kernel: Kernel) -> None:
    kernel.run(
        "where = {300, 700, 701, 1500}\n"
        "got = pool_map(exit_at, range(2000), [where] * 2000, chunksize=1,\n"
        "               return_exceptions=True, progress=False)\n"
        "lost = {i for i, x in enumerate(got) if isinstance(x, TerminatedWorkerError)}"
    )
    assert kernel.value("lost == where")
    assert kernel.value("all(got[i].started for i in lost)")
    assert kernel.value(
        "sum(x for x in got if isinstance(x, int)) == sum(range(2000)) - sum(where)"
    )


CALLS = """
from concurrent.futures import as_completed, wait

def exits(x):
    return exit_at(x, {100, 101, 250})

for _ in range(20):
    executor.submit(exits, 0).result()  # it is known to be brief now
"""


def test_many_calls_in_a_loop_each_have_their_value(kernel: Kernel) -> None:
    kernel.run(
        CALLS + "futures = [executor.submit(abs, -x) for x in range(1000)]\n"
        "assert len(set(as_completed(futures))) == 1000\n"
    )
    assert kernel.value("[future.result() for future in futures] == list(range(1000))")


def test_a_call_that_ends_its_worker_takes_no_other_along(kernel: Kernel) -> None:
    kernel.run(
        CALLS + "futures = [executor.submit(exits, x) for x in range(400)]\n"
        "wait(futures)\n"
        "lost = {x: futures[x].exception() for x in range(400) if futures[x].exception()}\n"
    )
    assert kernel.value("set(lost) == {100, 101, 250}")
    assert kernel.value("all(isinstance(e, TerminatedWorkerError) for e in lost.values())")
    assert kernel.value("all(error.started for error in lost.values())")
    assert kernel.value(
        "sum(f.result() for f in futures if not f.exception()) == sum(range(400)) - 451"
    )


def test_a_call_that_never_ends_is_cancelled_among_others(kernel: Kernel) -> None:
    kernel.run(
        CALLS + "def stays(x):\n"
        "    while x == 200:\n"
        "        pass\n"
        "    return x\n"
        "for _ in range(20):\n"
        "    executor.submit(stays, 0).result()\n"
        "futures = [executor.submit(stays, x) for x in range(400)]\n"
        "await until(lambda: sum(future.done() for future in futures) >= 384)\n"
        "assert futures[200].cancel(running=True)\n"
        "wait(futures)\n"
        "values = [future.result() for future in futures if not future.cancelled()]\n"
    )
    assert kernel.value("values == [x for x in range(400) if x != 200]")


def test_a_job_that_is_cancelled_starts_nothing_that_waits(kernel: Kernel) -> None:
    kernel.run(
        "job = pool_map(brief, iter(int, 1), chunksize=1, progress=False, block=False)\n"
        "import asyncio\n"
        "while len(job.partial()) < 500:\n"
        "    await asyncio.sleep(0.01)\n"
        "job.cancel()\n"
        "while get_reusable_executor().status().batches_running:\n"
        "    await asyncio.sleep(0.01)\n"
        "ended = len(job._job.outcomes.values)\n"
        "await asyncio.sleep(0.2)"
    )
    assert kernel.value("len(job._job.outcomes.values) == ended >= 500") is True
    assert kernel.value("job.done()") is True
    kernel.run("assert sum(pool_map(abs, range(10), progress=False)) == 45")
