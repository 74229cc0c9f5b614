"""The pool in Firefox, where Python can wait as it can in Chromium."""

from __future__ import annotations

import pytest

from tests.support.kernel import RESTORED, UNTIL, Kernel

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def kernel(firefox_kernel: Kernel) -> Kernel:
    firefox_kernel.run(
        """
import asyncio, concurrent.futures as cf, pathlib
from jupyterlite_pool import errors, get_reusable_executor, pool_map
executor = get_reusable_executor(2)
xs = [1, 2, 3]
def double(x): return 2 * x
def nap(seconds):
    import time
    time.sleep(seconds)
    return seconds
def who(_):
    from jupyterlite_pool import current_worker
    return current_worker() is not None
"""
    )
    return firefox_kernel


def test_workers_are_restored_from_the_sites_snapshot(kernel: Kernel) -> None:
    kernel.run(UNTIL + RESTORED)
    assert set(kernel.value("restored")) == {True}


def test_pool_map_waits_and_keeps_the_order(kernel: Kernel) -> None:
    assert kernel.run("pool_map(double, xs)").result == "[2, 4, 6]"
    assert kernel.value("list(pool_map(lambda x: x, range(500))) == list(range(500))") is True
    assert kernel.value("list(pool_map(who, xs))") == [True] * 3


def test_the_standard_librarys_waits_wait(kernel: Kernel) -> None:
    kernel.run(
        """
futures = [executor.submit(pow, x, 2) for x in range(10)]
completed = sorted(future.result() for future in cf.as_completed(futures, timeout=60))
done, pending = cf.wait([executor.submit(double, x) for x in xs])
"""
    )
    assert kernel.value("completed") == [x * x for x in range(10)]
    assert kernel.value("[len(done), len(pending)]") == [3, 0]
    assert kernel.value("list(executor.map(double, xs, timeout=60))") == [2, 4, 6]


def test_a_result_that_is_late_is_a_timeout_and_not_lost(kernel: Kernel) -> None:
    assert (
        "TimeoutError" in kernel.fails("late = executor.submit(nap, 1); late.result(0.1)")["ename"]
    )
    assert kernel.value("late.result()") == 1
    assert "TimeoutError" in kernel.fails("list(executor.map(nap, [1], timeout=0.1))")["ename"]


def test_a_queued_call_can_be_cancelled(kernel: Kernel) -> None:
    kernel.run(
        """
busy = [executor.submit(nap, 0.2) for _ in range(8)]
last = executor.submit(nap, 0)
cancelled = last.cancel()
"""
    )
    assert kernel.value("[cancelled, len([future.result() for future in busy])]") == [True, 8]


def test_the_magics(kernel: Kernel) -> None:
    assert kernel.run("r = %pool_map double xs\nr").result == "[2, 4, 6]"
    assert kernel.run("%%pool_map x in xs\ny = double(x)\ny + 1").result == "[3, 5, 7]"


def test_an_error_has_its_item_and_the_workers_traceback(kernel: Kernel) -> None:
    error = kernel.fails(
        """
def parse(text):
    return int(text)
pool_map(parse, ["1", "x7"])
"""
    )
    shown = "\n".join(error["traceback"])
    assert "ValueError" in error["ename"]
    assert "item 1 of 2 (args: 'x7'), worker " in shown
    assert "return int(text)" in shown


def test_a_task_reads_what_the_notebook_wrote(kernel: Kernel) -> None:
    kernel.run("pathlib.Path('words.txt').write_text('äöü')")
    read = "list(pool_map(lambda name: open(name).read(), ['words.txt']))"
    assert kernel.value(read) == ["äöü"]


def test_workers_that_exit_while_a_cell_waits_are_replaced(kernel: Kernel) -> None:
    kernel.run("import os\ndef leave(x):\n    os._exit(1)")
    for _ in range(6):
        error = kernel.fails("pool_map(leave, [1])")
        assert "TerminatedWorkerError" in error["ename"]
        assert kernel.value("list(pool_map(double, xs))") == [2, 4, 6]
