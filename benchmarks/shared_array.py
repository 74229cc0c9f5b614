"""A job like a grid search: joblib's calls, which all have the same large array."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from tests.support.wheels import FOLDER, JOBLIB, Wheels

from .report import Row, Series, Target
from .scripts import served
from .stage import Stage, take_turns

#: Calls, seconds of each, and bytes of the array.
CALLS, SECONDS, SIZE = 50, 0.1, 20_000_000

WORK = f"""
def data():
    import array
    return array.array("d", bytes({SIZE}))

def score(data, steps):
    total = 0.0
    for i in range(steps):
        total += data[i % len(data)] + i % 7
    return total

def work(steps):
    global shared
    try:
        shared
    except NameError:
        shared = data()
    return score(shared, int(steps))
"""

FUNCTIONS = (
    WORK
    + """
from joblib import Parallel, delayed
from jupyterlite_pool import register_joblib_backend

register_joblib_backend()
url = js.URL.new(str(pyodide_js._api.config.indexURL), js.location.href).href + "pyodide.mjs"
await beside.startPythons({cores}, url, {work!r})
array_of_all = data()
least = min(timed(score, array_of_all, 100_000) for _ in range(5))
steps = int(100_000 * {seconds} / least)
reference = executor.put(array_of_all)

async def by_hand():
    started = time.perf_counter()
    await beside.share(to_js([steps] * {calls}))
    return {calls} / (time.perf_counter() - started)

def by_joblib(array):
    started = time.perf_counter()
    Parallel(-1, backend="jupyterlite")(delayed(score)(array, steps) for _ in range({calls}))
    return {calls} / (time.perf_counter() - started)
"""
)

TIMED = """
def timed(function, *args):
    started = time.perf_counter()
    function(*args)
    return time.perf_counter() - started
"""


def searches(stage: Stage) -> Iterator[Row]:
    """Row 26: the array as an argument of each call, and as a reference of `executor.put`."""
    with served(FOLDER, shared=True) as url:
        Wheels(url).install(stage.kernel, JOBLIB)
    stage.kernel.run(TIMED)
    stage.kernel.run(FUNCTIONS.format(cores=stage.cores, work=WORK, seconds=SECONDS, calls=CALLS))
    cells = [
        "took = by_joblib(array_of_all)",
        "took = by_joblib(reference)",
        "took = await by_hand()",
    ]
    for cell in cells:  # warm
        stage.measure(cell)
    argument, put, bare = take_turns(
        stage.seldom, *(functools.partial(stage.measure, cell) for cell in cells)
    )
    calls = f"joblib: {CALLS} × {SECONDS * 1000:.0f} ms"
    size = f"{SIZE // 1_000_000} MB"
    beside = Series("split by hand over as many bare workers", "calls/s", bare)
    yield Row(
        26,
        Series(f"{calls}, the same {size} as an argument", "calls/s", argument),
        beside,
        Target(0.95, at_least=True),
    )
    yield Row(
        26,
        Series(f"{calls}, the same {size} by `executor.put`", "calls/s", put),
        beside,
        Target(0.95, at_least=True),
    )
