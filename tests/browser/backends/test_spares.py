"""A worker that is lost is replaced by one that was there before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.door import DOOR
from tests.support.kernel import UNTIL, Kernel

#: `born`: when this worker's Python came to be, by the browser's one clock.
TASKS = """
import os, time
from jupyterlite_pool import WorkerPoolExecutor, current_worker, pool_map
from jupyterlite_pool.errors import TerminatedWorkerError

def born(_=None):
    import js
    return current_worker().id, js.performance.timeOrigin

def now():
    import js
    return js.performance.timeOrigin + js.performance.now()

async def spare(executor):
    await until(lambda: executor.status().spares)

async def ready(executor, count=2):
    await until(lambda: len(executor.ready_workers) == count)

async def lose(executor):
    try:
        await executor.submit(os._exit, 3)
    except TerminatedWorkerError:
        return
    raise AssertionError("it did not end")
"""


@pytest.fixture(scope="module", autouse=True)
def _tasks(kernel: Kernel) -> None:
    kernel.run(UNTIL + DOOR + TASKS)


@pytest.fixture
def executor(kernel: Kernel) -> Iterator[Kernel]:
    kernel.run("executor = WorkerPoolExecutor(2)\nawait ready(executor)\nawait spare(executor)")
    yield kernel
    kernel.run("executor.shutdown(cancel_futures=True)")


def test_a_spare_is_none_of_the_workers(executor: Kernel) -> None:
    executor.run("status = executor.status()")
    assert executor.value("[worker.id for worker in status.workers]") == [0, 1]
    assert executor.value("status.spares") == 1
    assert executor.value("str(status)").startswith("2 of 2 workers ready, 1 spare;")
    executor.run("ran = {w for w, _ in executor.map(born, range(20), chunksize=1)}")
    assert executor.value("ran <= {0, 1}")


def test_a_spare_takes_the_place_of_a_worker_that_is_lost(executor: Kernel) -> None:
    executor.run(
        "lost_at = now()\n"
        "await lose(executor)\n"
        "await ready(executor)\n"
        "births = dict(executor.map(born, range(40), chunksize=1))\n"
        "new = max(births)"
    )
    assert executor.value("new") == 2
    assert executor.value("births[new] < lost_at")


def test_another_spare_follows(executor: Kernel) -> None:
    executor.run(
        "for _ in range(3):\n"
        "    await lose(executor)\n"
        "    await spare(executor)\n"
        "await ready(executor)"
    )
    assert executor.value("sorted(executor.ready_workers)[-1]") >= 3
    assert executor.value("len(executor.status().workers)") == 2


def test_two_workers_that_are_lost_at_once_are_both_replaced(executor: Kernel) -> None:
    executor.run(
        "await asyncio.gather(lose(executor), lose(executor))\n"
        "await ready(executor)\n"
        "assert sum(pool_map(abs, range(50), progress=False)) == 1225"
    )


def test_what_runs_elsewhere_does_not_notice(executor: Kernel) -> None:
    executor.run(
        "before = list(executor.map(born, range(20), chunksize=1))\n"
        "slow = executor.submit(time.sleep, 0.3)\n"
        "await lose(executor)\n"
        "assert await slow is None"
    )


def test_the_end_of_a_spare_is_noticed_by_nobody(executor: Kernel) -> None:
    executor.run(
        "spares = '[...pool.crew.reserve.spares.values()]'\n"
        "await in_broker(executor, f'{spares}.forEach(({{handle}}) => handle.terminate())')\n"
        "assert sorted(executor.ready_workers) == [0, 1]\n"
        "while executor.status().spares: await asyncio.sleep(0.01)\n"
        "await spare(executor)"
    )
    assert executor.value("sorted(executor.ready_workers)") == [0, 1]


def test_a_pool_that_grows_takes_its_spare_first(executor: Kernel) -> None:
    executor.run("asked_at = now()\nexecutor.scale(3)\nawait ready(executor, 3)")
    executor.run("births = dict(executor.run_everywhere(born, 0))")
    assert executor.value("births[2] < asked_at")


def test_a_spare_is_set_up_like_the_others(kernel: Kernel) -> None:
    kernel.run(
        "def set_up():\n"
        "    global word\n"
        "    word = 'set up'\n"
        "def read(_):\n"
        "    return current_worker().id, word\n"
        "with WorkerPoolExecutor(1, initializer=set_up) as pool:\n"
        "    await spare(pool)\n"
        "    await lose(pool)\n"
        "    seen = await pool.submit(read, 0)"
    )
    assert kernel.value("seen") == [1, "set up"]
