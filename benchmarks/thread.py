"""Measures how long the page's own thread is blocked while a notebook uses the pool."""

from __future__ import annotations

from collections.abc import Iterator

from tests.conftest import PAGE_TIMEOUT
from tests.support.notebook import Notebook
from tests.support.panel import Panel

from .report import Ceiling, Row, Series
from .stage import Stage, take_turns

TASKS = 10_000

#: Tasks of a job that the panel shows, and seconds that each of them is busy.
IN_PANEL, BRIEFLY = 100_000, 0.00005

#: Seconds that each task is busy. All tasks take some seconds, so the card is redrawn many times.
SECONDS = 0.0005

#: Milliseconds: browsers report tasks that take longer, and no others.
LIMIT = 50

#: Starts to collect the long tasks that the browser reports.
OBSERVE = """() => {
  window.longTasks = [];
  window.observer = new PerformanceObserver(list => window.longTasks.push(...list.getEntries()));
  window.observer.observe({ type: 'longtask' });
}"""

#: Waits for the end of the cell; milliseconds of the longest task.
LONGEST = """async () => {
  await window.ran;
  await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
  window.longTasks.push(...window.observer.takeRecords());
  window.observer.disconnect();
  return Math.max(0, ...window.longTasks.map(task => task.duration));
}"""

#: Makes a long task, to check that the browser reports it.
PROVOKE = """milliseconds => {
  window.ran = new Promise(resolve => setTimeout(() => {
    for (const started = performance.now(); performance.now() - started < milliseconds; );
    resolve();
  }));
}"""

FUNCTIONS = """
import itertools, time
from jupyterlite_pool import get_reusable_executor, pool_map

def work(_, seconds={seconds}):
    import time
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass

def kernel_alone():
    work(None, took)

get_reusable_executor({cores})
list(pool_map(work, range(1000), progress=True))
"""

ON_THE_POOL = """
began = time.perf_counter()
_ = pool_map(work, range({tasks}), itertools.repeat({seconds}), progress=True)
took = time.perf_counter() - began
"""


def blocking(stage: Stage) -> Iterator[Row]:
    """Row 12: a job with its card, and a cell without the pool; the same with the panel open."""
    with stage.browser.new_context() as context:
        context.set_default_timeout(PAGE_TIMEOUT)
        page = context.new_page()
        page.goto(f"{stage.site}/lab/index.html")
        notebook = Notebook(page)
        notebook.run(FUNCTIONS.format(seconds=SECONDS, cores=stage.cores))
        notebook.cards.first.wait_for()

        def longest(code: str) -> float:
            page.evaluate(OBSERVE)
            notebook.start(code)
            return float(page.evaluate(LONGEST))

        page.evaluate(OBSERVE)
        page.evaluate(PROVOKE, 3 * LIMIT)
        if page.evaluate(LONGEST) < 2 * LIMIT:
            raise RuntimeError("this browser does not report long tasks")

        on_the_pool = ON_THE_POOL.format(tasks=TASKS, seconds=SECONDS)
        seen = notebook.cards.count()
        longest(on_the_pool)  # warm
        if notebook.cards.count() <= seen:
            raise RuntimeError("the job showed no card")
        pool, alone = take_turns(
            stage.seldom, lambda: longest(on_the_pool), lambda: longest("kernel_alone()")
        )
        Panel(page).open_by_tab()
        in_panel = ON_THE_POOL.format(tasks=IN_PANEL, seconds=BRIEFLY)
        longest(in_panel)  # warm
        watched, beside = take_turns(
            stage.seldom, lambda: longest(in_panel), lambda: longest("kernel_alone()")
        )
    what = "longest task over 50 ms of the page's thread"
    yield Row(
        12,
        Series(f"{what}, {TASKS:,} tasks and their card", "ms", pool),
        Series("a cell that is busy as long without the pool", "ms", alone),
        Ceiling(LIMIT, "ms"),
    )
    yield Row(
        12,
        Series(f"{what}, {IN_PANEL:,} tasks, their card and the open panel", "ms", watched),
        Series("a cell that is busy as long without the pool", "ms", beside),
        Ceiling(LIMIT, "ms"),
    )
