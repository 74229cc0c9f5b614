"""CPU-bound jobs: items of the same length, and one item that is much longer than the others."""

from __future__ import annotations

from collections.abc import Iterator

from .report import Row, Series, Target
from .stage import Stage, take_turns

ITEMS = 200
SECONDS = 0.02
LONGER = 50

#: Decides the place of the long item. It is fixed, so that each run measures the same job.
SEED = 11

WORK = """
def work(steps):
    import time
    started = time.perf_counter()
    total = 0
    for i in range(int(steps)):
        total += i * i % 7
    return time.perf_counter() - started
"""

FUNCTIONS = (
    WORK
    + """
if not globals().get("steps"):
    url = js.URL.new(str(pyodide_js._api.config.indexURL), js.location.href).href + "pyodide.mjs"
    await beside.startPythons({cores}, url, {work!r})
    least = min(pool_map(work, [100_000] * 20, chunksize=1, progress=False))
    steps = int(100_000 * {seconds} / least)

import random
even = [steps] * {items}
uneven = list(even)
place = random.Random({seed}).randrange({items})
uneven[place] *= {longer}

async def by_hand():
    started = time.perf_counter()
    await beside.share(to_js(even))
    return len(even) / (time.perf_counter() - started)

def on_the_pool(items):
    global costs
    started = time.perf_counter()
    costs = list(pool_map(work, items, progress=False))
    return time.perf_counter() - started
"""
)


def jobs(stage: Stage) -> Iterator[Row]:
    """Rows 10 and 11."""
    stage.kernel.run(
        FUNCTIONS.format(
            cores=stage.cores, work=WORK, seconds=SECONDS, items=ITEMS, seed=SEED, longer=LONGER
        )
    )
    even = "took = len(even) / on_the_pool(even)"
    by_hand = "took = await by_hand()"
    for cell in (even, by_hand):  # warm
        stage.measure(cell)
    pool, bare = take_turns(
        stage.seldom, lambda: stage.measure(even), lambda: stage.measure(by_hand)
    )
    yield Row(
        10,
        Series(
            f"{ITEMS} × {SECONDS * 1000:.0f} ms, `pool_map` on a worker a core", "tasks/s", pool
        ),
        Series("split by hand over as many bare workers", "tasks/s", bare),
        Target(0.95, at_least=True),
    )
    took: list[float] = []
    best: list[float] = []
    for _ in range(stage.seldom):
        took.append(stage.measure("took = on_the_pool(uneven)"))
        best.append(best_schedule(stage.kernel.value("costs"), stage.cores))
    place = stage.kernel.value("place")
    yield Row(
        11,
        Series(f"the same, item {place} of them {LONGER} times as long", "s", took),
        Series("best schedule possible, of the items' own times", "s", best),
        Target(1.15),
    )


def best_schedule(costs: list[float], workers: int) -> float:
    """Seconds of the best schedule: it cannot end before the average worker or the longest item."""
    return max(sum(costs) / workers, max(costs))
