"""Tasks whose time ends just when they do, with others right behind them."""

from __future__ import annotations

import time

from tests.support.kernel import Kernel

#: Source for a kernel with a door to its brokers. Of a task that ends when its time does, the pool
#: hears late, by when its worker has the next one: the notebook is busy, or words take a while.
RACE = '''
import asyncio, collections
from jupyterlite_pool.jobs.options import MapOptions

LIMIT, BRIEF = 0.3, 0.005

def spin(seconds):
    import time
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
    return seconds

async def race(near, wait):
    seconds = [each for one in near for each in (one, BRIEF)]
    options = MapOptions(task_timeout=LIMIT, return_exceptions=True)
    job = executor._pool.start_job(spin, [seconds], options)
    await wait(job)
    assert all(value == seconds[index] for index, value in job.outcomes.values.items())
    assert len(job.outcomes.values) + len(job.outcomes.failures) == len(seconds)
    return collections.Counter(type(error).__name__ for error in job.outcomes.failures.values())

async def wait_busy(job):
    while job.active:
        spin(LIMIT / 15)  # less than two beats of the limit, so that they count
        await asyncio.sleep(0.004)

async def wait_for_late_words(job):
    await in_broker(executor, """(() => {
      const hear = pool.onFrame.bind(pool);
      pool.onFrame = (worker, frame) => setTimeout(() => worker.ended || hear(worker, frame), 100);
    })()""")
    await asyncio.wrap_future(job.ended)
'''


def check_race(kernel: Kernel, near: list[float], wait: str) -> None:
    """Tasks of a race on the kernel's `executor` end in time or overdue, and the next calls run."""
    began = time.monotonic()
    kernel.run(f"{RACE}\nends = await race({near!r}, {wait})")
    ends: dict[str, int] = kernel.value("ends")
    print(f"{len(near)} tasks whose time ended with them: {ends}")
    assert time.monotonic() - began < 60
    assert set(ends) <= {"TaskTimeoutError"}
    assert kernel.value("list(executor.map(abs, range(-4, 0)))") == [4, 3, 2, 1]
