"""`WorkerPoolExecutor` in a real kernel: what code written for `concurrent.futures` relies on."""

from __future__ import annotations

import pytest

from tests.support.kernel import Kernel


@pytest.fixture(scope="module", autouse=True)
def _executor(kernel: Kernel) -> None:
    kernel.run(
        """
import asyncio, concurrent.futures as cf, time
from jupyterlite_pool import WorkerPoolExecutor, PoolFuture, get_reusable_executor, errors
executor = get_reusable_executor()
def nap(seconds):
    import time
    time.sleep(seconds)
    return seconds
"""
    )


def test_submit_gives_a_future_of_the_standard_library(kernel: Kernel) -> None:
    kernel.run("future = executor.submit(pow, 2, exp=10)")
    assert kernel.value("future.result()") == 1024
    assert kernel.value("[isinstance(future, cf.Future), future.done()]") == [True, True]


def test_a_future_can_be_awaited(kernel: Kernel) -> None:
    kernel.run("value = await executor.submit(pow, 3, 3)")
    assert kernel.value("value") == 27


def test_the_process_number_is_the_workers_by_whichever_name(kernel: Kernel) -> None:
    kernel.run("import os\nfrom jupyterlite_pool import current_worker")
    kernel.run(
        "by_name, called, told = executor.map(lambda f: f(), "
        "[os.getpid, lambda: os.getpid(), lambda: current_worker().pid], chunksize=3)"
    )
    assert kernel.value("by_name == called == told != os.getpid()")


def test_workers_of_two_pools_are_different_processes(kernel: Kernel) -> None:
    kernel.run(
        """
import os
with WorkerPoolExecutor(1) as other:
    pids = [*executor.run_everywhere(os.getpid), *other.run_everywhere(os.getpid)]
    known = [worker.pid for pool in (executor, other) for worker in pool.status().workers]
"""
    )
    assert kernel.value("sorted(pids) == sorted(known) and len(set(pids)) == len(pids) >= 2")


def test_two_cells_that_are_sent_at_once_both_wait_and_both_end(kernel: Kernel) -> None:
    # A kernel takes the second one while Python stands still in the first, if it takes it at all.
    both = kernel.page.evaluate(
        "codes => Promise.all(codes.map(code => window.poolTest.run(code)))",
        [
            "first = list(executor.map(pow, range(20), [2] * 20, chunksize=1))",
            "second = [executor.submit(abs, -x).result() for x in range(20)]",
        ],
    )
    assert [reply["status"] for reply in both] == ["ok", "ok"]
    assert kernel.value("[first, second]") == [[x * x for x in range(20)], list(range(20))]


def test_many_futures_through_as_completed_and_wait(kernel: Kernel) -> None:
    kernel.run(
        """
futures = [executor.submit(pow, x, 2) for x in range(50)]
completed = sorted(future.result() for future in cf.as_completed(futures))
futures = [executor.submit(pow, x, 2) for x in range(10)]
done, pending = cf.wait(futures)
"""
    )
    assert kernel.value("completed") == sorted(x * x for x in range(50))
    assert kernel.value("[len(done), len(pending)]") == [10, 0]


def test_a_result_that_is_late_is_a_timeout_and_not_lost(kernel: Kernel) -> None:
    kernel.run(
        """
future = executor.submit(nap, 1)
try:
    future.result(timeout=0.1)
    early = None
except TimeoutError:
    early = "timeout"
"""
    )
    assert kernel.value("[early, future.result()]") == ["timeout", 1]


def test_map_is_the_standard_librarys(kernel: Kernel) -> None:
    assert kernel.value("list(executor.map(pow, [2, 3], [5, 2]))") == [32, 9]
    assert kernel.value("list(executor.map(abs, range(-100, 0), chunksize=7))") == list(
        range(100, 0, -1)
    )


def test_an_exception_is_on_the_future(kernel: Kernel) -> None:
    kernel.run("future = executor.submit(int, 'x'); error = future.exception()")
    assert kernel.value("[type(error).__name__, str(error)]") == [
        "ValueError",
        "invalid literal for int() with base 10: 'x'",
    ]


def test_system_exit_in_a_task_is_the_tasks_own(kernel: Kernel) -> None:
    kernel.run(
        """
import sys
error = executor.submit(sys.exit, 3).exception()
"""
    )
    assert kernel.value("[type(error).__name__, error.code]") == ["SystemExit", 3]
    assert kernel.value("executor.submit(abs, -1).result()") == 1


def test_a_call_that_is_queued_can_be_cancelled(kernel: Kernel) -> None:
    kernel.run(
        """
busy = [executor.submit(nap, 0.3) for _ in range(8)]
last = executor.submit(nap, 0)
cancelled = last.cancel()
ended = [future.result() for future in busy]
"""
    )
    assert kernel.value("[cancelled, last.cancelled(), len(ended)]") == [True, True, 8]


def test_an_executor_of_its_own_in_with_and_async_with(kernel: Kernel) -> None:
    kernel.run(
        """
with WorkerPoolExecutor(1) as own:
    inside = own.submit(abs, -5)
after_with = [inside.result(), own.closed]
try:
    own.submit(abs, 1)
except RuntimeError as error:
    refused = str(error)
async with WorkerPoolExecutor(1) as own:
    inside = own.submit(abs, -6)
after_async_with = [inside.done(), inside.result()]
"""
    )
    assert kernel.value("after_with") == [5, True]
    assert kernel.value("refused").startswith("cannot schedule new futures after shutdown: ")
    assert kernel.value("after_async_with") == [True, 6]


def test_asyncio_takes_the_executor_for_its_own(kernel: Kernel) -> None:
    kernel.run(
        """
def who(x):
    from jupyterlite_pool import current_worker
    return x, current_worker() is not None
loop = asyncio.get_running_loop()
through_loop = await loop.run_in_executor(executor, who, 16)
right_here = await loop.run_in_executor(None, who, 16)
gathered = await asyncio.gather(*(executor.submit(abs, -x) for x in range(5)))
"""
    )
    assert kernel.value("[through_loop, right_here]") == [[16, True], [16, False]]
    assert kernel.value("gathered") == [0, 1, 2, 3, 4]


def test_arguments_and_results_cross_with_their_buffers(kernel: Kernel) -> None:
    kernel.run(
        """
import array
def halve(numbers):
    return numbers[: len(numbers) // 2]
large = array.array("d", range(200_000))
half = executor.submit(halve, large).result()
class Shared:
    def __init__(self, data): self.data = data
    def __reduce_ex__(self, protocol):
        import pickle
        return Shared, (pickle.PickleBuffer(self.data),)
def measure(shared):
    return [len(shared.data), bytes(shared.data[:3]), Shared(bytearray(b"back" * 100_000))]
size, head, back = executor.submit(measure, Shared(bytearray(b"abc" * 100_000))).result()
"""
    )
    assert kernel.value("[len(half), half[-1]]") == [100_000, 99_999.0]
    assert kernel.value("[size, head.decode(), bytes(back.data[:4]).decode()]") == [
        300_000,
        "abc",
        "back",
    ]


def test_large_bytes_are_copied_once_into_each_heap_and_no_more(kernel: Kernel) -> None:
    kernel.run(
        """
import array, pyodide_js
def heap():
    return pyodide_js._module.HEAP8.length / 2**20
def measure(data):
    import pyodide_js
    return type(data).__name__, len(data), pyodide_js._module.HEAP8.length / 2**20
data = [b"x" * (64 << 20), bytearray(64 << 20), array.array("d", bytes(64 << 20))]
data.append(memoryview(data[0]))
before = heap()
measured = []
for one in data:
    with WorkerPoolExecutor(1) as own:
        measured.append(await asyncio.wrap_future(own.submit(measure, one)))
grown = heap() - before
"""
    )
    kinds, sizes, heaps = zip(*kernel.value("measured"), strict=True)
    assert kinds == ("bytes", "bytearray", "array", "bytes")
    assert sizes == (64 << 20, 64 << 20, 8 << 20, 64 << 20)
    # Bytes leave the notebook's heap by no way through it; what could change in line is kept there.
    assert kernel.value("grown") <= 1.3 * 64
    # A worker has 30 MB to begin with, and a heap grows by a fifth at least.
    assert max(heaps) < 30 + 1.5 * 64


def test_an_executor_inside_a_task_runs_its_calls_right_there(kernel: Kernel) -> None:
    kernel.run(
        """
def inside(x):
    from jupyterlite_pool import WorkerPoolExecutor, current_worker, get_reusable_executor
    async def later(y):
        await asyncio.sleep(0.01)
        return y
    with WorkerPoolExecutor(4) as own:
        values = list(own.map(lambda y: x * y, range(3)))
        pid = own.submit(lambda: current_worker().pid).result()
        awaited = own.submit(later, 5).result()
    shared = get_reusable_executor(2).submit(pow, 2, 3).result()
    return values, pid == current_worker().pid, awaited, shared
inner = executor.submit(inside, 2).result()
"""
    )
    assert kernel.value("inner") == [[0, 2, 4], True, 5, 8]


def test_terminated_workers_let_nothing_wait(kernel: Kernel) -> None:
    kernel.run(
        """
own = WorkerPoolExecutor(1)
own.submit(abs, -1).result()
running = own.submit(nap, 60)
own.terminate_workers()
error = running.exception()
"""
    )
    assert kernel.value("type(error).__name__") == "TerminatedWorkerError"


def test_a_stopped_worker_refuses_no_later_call(kernel: Kernel) -> None:
    kernel.run(
        """
def die():
    import os
    os.abort()
error = executor.submit(die).exception()
"""
    )
    assert kernel.value("[type(error).__name__, error.reason]") == [
        "TerminatedWorkerError",
        "fatal",
    ]
    assert kernel.value("executor.submit(abs, -3).result()") == 3


def test_too_many_workers_are_fewer_and_a_warning(kernel: Kernel) -> None:
    kernel.run(
        """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    big = WorkerPoolExecutor(10_000)
    big.terminate_workers()
said = [str(w.message) for w in caught]
"""
    )
    [message] = kernel.value("said")
    assert "of max_workers=10000 will start" in message
    assert kernel.value("big.max_workers") < 100


def test_a_size_that_is_none_is_an_error(kernel: Kernel) -> None:
    error = kernel.fails("WorkerPoolExecutor(0)")
    assert "ValueError" in error["ename"]
    assert "max_workers must be greater than 0, not 0" in error["evalue"]
