"""Measures how long workers take to start, and how much memory each of them takes."""

from __future__ import annotations

from collections.abc import Iterator

from .memory import weight_of_renderers
from .report import Row, Series, Target
from .stage import Stage, script, take_turns

#: The workers of row 1: as many as common devices have cores.
WORKERS = 4

#: Ends the only worker while a spare is ready; seconds until the next task has a result.
LOST = """
async def lost():
    await until(lambda: alone.status().spares and alone.ready_workers)
    started = time.perf_counter()
    try:
        await alone.submit(os._exit, 3)
    except Exception:
        pass
    await alone.submit(gc.isenabled)
    return time.perf_counter() - started
alone = WorkerPoolExecutor(1)
"""


def workers(stage: Stage) -> Iterator[Row]:
    """Row 1: the start of all workers."""
    pool, bare = take_turns(
        stage.seldom, lambda: _start(stage, "pool", WORKERS), lambda: _start(stage, "bare", WORKERS)
    )
    yield Row(
        1,
        Series(f"{WORKERS} workers ready, with the site's snapshot", "s", pool),
        Series(f"{WORKERS} workers with `loadPyodide` in each", "s", bare),
        Target(0.12),
    )


def replaced(stage: Stage) -> Iterator[Row]:
    """Row 2: the replacement of one worker."""

    def anew() -> float:
        with stage.browser.new_context() as context:
            page = context.new_page()
            page.goto(f"{stage.site}/jupyter-lite.json")
            page.evaluate(script("starting.js"), [stage.site, "pool", 1])
            return float(page.evaluate("() => window.replaced()"))

    stage.kernel.run(LOST)
    stage.measure("took = await lost()")  # warm
    without, spare, bare = take_turns(
        stage.seldom,
        anew,
        lambda: stage.measure("took = await lost()"),
        lambda: _start(stage, "bare", 1),
    )
    stage.kernel.run("alone.shutdown()")
    beside = Series("one worker with `loadPyodide`", "s", bare)
    yield Row(2, Series("killed → the next is ready, no spare", "s", without), beside, Target(0.07))
    yield Row(2, Series("killed → the next result, a spare", "s", spare), beside, Target(0.02))


def memory(stage: Stage) -> Iterator[Row]:
    """Row 3: the memory that one more worker adds to the renderer."""
    pool, bare = take_turns(
        stage.seldom, lambda: _further(stage, "pool"), lambda: _further(stage, "bare")
    )
    yield Row(
        3,
        Series("memory of a further worker", "MB", pool),
        Series("a further worker with `loadPyodide`", "MB", bare),
        Target(1.1),
    )


def _start(stage: Stage, kind: str, count: int) -> float:
    """Start workers in a new browser profile; seconds until all are ready."""
    return float(stage.in_empty_page(script("starting.js"), [stage.site, kind, count]))


def _further(stage: Stage, kind: str) -> float:
    """Megabytes that each of the second to the fifth worker adds."""
    return (_weight(stage, kind, 5) - _weight(stage, kind, 1)) / 4


def _weight(stage: Stage, kind: str, count: int) -> float:
    """Megabytes of all renderers while these workers exist; the other pages are idle."""
    with stage.browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{stage.site}/jupyter-lite.json")
        page.evaluate(script("starting.js"), [stage.site, kind, count])
        return weight_of_renderers(stage.browser)
