"""One pool under thousands of crashes, a million tasks, and gibibytes of data."""

from __future__ import annotations

import random

import pytest
from playwright.sync_api import Browser

from benchmarks.memory import weight_of_renderers
from jupyterlite_pool.jobs.work_log import MOST
from tests.support.heap import BYTES_IN_USE
from tests.support.kernel import UNTIL, Kernel

from .conftest import MINUTES, Effort

START = """
import asyncio, gc, os, time
import pyodide_js
from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.errors import TerminatedWorkerError

executor = WorkerPoolExecutor(2)
module = pyodide_js._module

async def crash(count):
    for _ in range(count):
        await until(lambda: executor.status().spares)
        try:
            await executor.submit(os._exit, 1)
        except TerminatedWorkerError as error:
            assert error.exit_status == 1
        else:
            raise AssertionError("it did not end")
    await until(lambda: len(executor.ready_workers) == 2 and executor.status().spares)
    assert await executor.submit(abs, -1) == 1

def in_use():
    gc.collect()
    return bytes_in_use()

def heap():
    return module.HEAP8.length
"""


@pytest.fixture(scope="module", autouse=True)
def _start(kernel: Kernel) -> None:
    kernel.run(UNTIL + START)
    kernel.run(BYTES_IN_USE)


def test_workers_that_crash_one_after_the_other(
    kernel: Kernel, browser: Browser, effort: Effort
) -> None:
    kernel.run("await crash(10)")
    after_ten = weight_of_renderers(browser)
    done = 10
    for _ in effort.times(99, share=0.25, least=2):
        kernel.run("await crash(10)")
        done += 10
    memory = weight_of_renderers(browser) / after_ten
    effort.keep("worker crashes in a row", count=done, memory_as_a_share_of_after_10=memory)
    assert memory <= 1.1


def test_tasks_through_one_pool(kernel: Kernel, effort: Effort) -> None:
    count = 20_000
    cell = (
        f"assert sum(executor.map(abs, range({count}), chunksize=500, buffersize=8))"
        f" == sum(range({count}))"
    )
    # The heaps grow only once, and the pool remembers this many tasks for its timeline.
    for _ in range(MOST // count + 1):
        kernel.run(cell)
    before = kernel.value("in_use()")
    done = 0
    for _ in effort.times(50, share=0.15, least=2):
        kernel.run(cell)
        done += count
    growth = kernel.value("in_use()") / before - 1
    effort.keep("tasks through one pool", count=done, growth_of_the_heap_in_use=growth)
    assert growth <= 0.01


#: The sizes of payloads in bytes, up to the largest that a call may reasonably have.
SIZES = (1, 100, 10_000, 64 * 1024, 1_000_000, 16_000_000, 256_000_000)


def test_bytes_through_the_ports(kernel: Kernel, effort: Effort) -> None:
    kernel.run(
        """
def check(data, first, last):
    assert (data[0], data[-1]) == (first, last)
    return data

async def there_and_back(size, count):
    data = os.urandom(min(size, 1_000_000)) * max(1, size // 1_000_000)
    for _ in range(count):
        back = await executor.submit(check, data, data[0], data[-1])
        assert len(back) == len(data) and back[:64] == data[:64] and back[-64:] == data[-64:]
        del back
    return 2 * len(data) * count
"""
    )
    sizes = SIZES if MINUTES else SIZES[:-1]
    for size in sizes:
        kernel.run(f"await there_and_back({size}, 2)")  # the heaps grow only once
    before = kernel.value("heap()")
    rng = random.Random(1)
    done = 0
    for _ in effort.times(10**9, share=0.3, least=8):
        size = rng.choice(sizes)
        done += kernel.value(f"await there_and_back({size}, {2 if size > 10**8 else 5})")
        if done >= 64 << 30:
            break
    growth = kernel.value("heap()") / before - 1
    effort.keep("bytes through the ports", gibibytes=done / 2**30, growth_of_the_heap=growth)
    assert growth <= 0.01
    kernel.run("executor.shutdown()")
