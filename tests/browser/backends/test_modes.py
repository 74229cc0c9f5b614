"""Pages that have more than others, or less: shared memory, locks, a service worker, a policy."""

from __future__ import annotations

import pytest

from tests.conftest import Pages
from tests.support.door import DOOR, PATIENT
from tests.support.kernel import UNTIL, Kernel
from tests.support.overdue import check_race

IMPORTS = """
import asyncio, os, time
from jupyterlite_pool import WorkerPoolExecutor, current_worker, pool_map
from jupyterlite_pool.errors import TaskTimeoutError, TerminatedWorkerError
from jupyterlite_pool.jobs.options import MapOptions
"""


@pytest.fixture
def isolated(isolated_kernel: Kernel) -> Kernel:
    """A kernel on a page that may share memory with its workers."""
    isolated_kernel.run(IMPORTS)
    return isolated_kernel


@pytest.fixture
def plain(pages: Pages, site: str) -> Kernel:
    """A kernel on a page over plain HTTP, which has no locks, no digests and no service worker."""
    page = pages.open(f"{site.replace('127.0.0.1', 'pool.test')}/lab/index.html")
    assert page.evaluate("[isSecureContext, 'locks' in navigator]") == [False, False]
    kernel = Kernel(page)
    kernel.run(IMPORTS)
    return kernel


def test_where_memory_is_shared_an_overdue_task_is_stopped_and_its_worker_stays(
    isolated: Kernel,
) -> None:
    isolated.run(
        DOOR
        + PATIENT
        + """
def loop(_):
    while True:
        pass
executor = WorkerPoolExecutor(1)
await executor.submit(abs, 0)
await be_patient(executor)
started = time.monotonic()
job = executor._pool.start_job(loop, [[0]], MapOptions(task_timeout=1, return_exceptions=True))
await asyncio.wrap_future(job.ended)
took = time.monotonic() - started
after = await executor.submit(current_worker)
"""
    )
    assert isolated.value("type(job.outcomes.failures[0]) is TaskTimeoutError")
    assert "stopped it, and goes on" in isolated.value("str(job.outcomes.failures[0])")
    assert isolated.value("after.id") == 0, "the same worker"
    print(f"an overdue task was over after {isolated.value('took'):.2f} of 1 s")


def test_where_memory_is_shared_a_loop_in_c_ends_with_its_worker(isolated: Kernel) -> None:
    isolated.run(
        """
def loop(_):
    return sum(range(10**12))
executor = WorkerPoolExecutor(1)
job = executor._pool.start_job(loop, [[0]], MapOptions(task_timeout=0.5, return_exceptions=True))
await asyncio.wrap_future(job.ended)
after = await executor.submit(current_worker)
"""
    )
    assert "is being replaced" in isolated.value("str(job.outcomes.failures[0])")
    assert isolated.value("after.id") > 0


@pytest.mark.alone
def test_where_memory_is_shared_a_stop_that_comes_too_late_stops_no_other_task(
    isolated: Kernel,
) -> None:
    isolated.run("executor = WorkerPoolExecutor(2)\nawait executor.submit(abs, 0)")
    near = [0.32 + 0.01 * step for step in range(24)]
    check_race(isolated, near, "wait_busy")


def test_plain_http_has_a_pool(plain: Kernel) -> None:
    values = "list(pool_map(abs, range(-50, 0), progress=False))"
    assert plain.value(f"{values} == list(range(50, 0, -1))") is True
    assert plain.value("await pool_map(pow, [2, 3], [2, 2])") == [4, 9]


def test_over_plain_http_a_worker_that_is_gone_without_a_word_is_missed(plain: Kernel) -> None:
    plain.run(
        UNTIL
        + DOOR
        + """
def compute(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
    return current_worker().id
executor = WorkerPoolExecutor(2)
await executor.submit(abs, 0)
busy = executor.submit(compute, 9)  # says nothing for much longer than a pulse
waiting = executor.submit(asyncio.sleep, 3600)
_, batch = executor._pool.dispatcher.ledger.all()
await until(lambda: batch.worker is not None)
handle = f"pool.crew.get({batch.worker})"
while not await in_broker(executor, f"{handle}.inbox.taken"): await asyncio.sleep(0.01)
await in_broker(executor, f"{handle}.worker.terminate()")  # as the browser may do, too
try:
    await waiting
except TerminatedWorkerError as error:
    reason = error.reason
busy_worker = await busy
after = await executor.submit(abs, -5)
"""
    )
    assert plain.value("[reason, after]") == ["silent", 5]
    assert plain.value("busy_worker in executor.ready_workers"), "it was not taken for dead"
