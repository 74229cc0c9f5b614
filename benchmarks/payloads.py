"""Measures what a large buffer costs."""

from __future__ import annotations

import os
from collections.abc import Iterator

from .native import native
from .report import Row, Series, Target
from .stage import Stage, take_turns

BYTES = 100_000_000

FUNCTIONS = """
if not globals().get("data"):
    data = os.urandom(1_000_000) * 100
    def work(item): pass
    url = js.URL.new(str(pyodide_js._api.config.indexURL), js.location.href).href + "pyodide.mjs"
    await beside.startPythons(1, url, "def work(item): pass")

async def timed(call):
    started = time.perf_counter()
    result = await call
    took = time.perf_counter() - started
    assert len(data) == (result if isinstance(result, int) else len(result))
    return took

async def by_hand():
    return (await beside.thereAndBack(to_js(data))).to_bytes()
"""


def buffers(stage: Stage) -> Iterator[Row]:
    """Rows 8 and 9: a buffer to a worker, and to a worker and back."""
    stage.kernel.run(FUNCTIONS)
    there = "took = await timed(executor.submit(len, data))"
    back = "took = await timed(executor.submit(bytes, data))"
    by_hand = "took = await timed(by_hand())"
    for cell in (there, back, by_hand):  # warm: the heaps grow only once
        stage.measure(cell)
    data = os.urandom(1_000_000) * (BYTES // 1_000_000)  # not zeros, which cost less
    with native(stage.cores) as processes:
        pool, native_times = take_turns(
            stage.often, lambda: stage.measure(there), lambda: processes.length_of(data)
        )
    what = "100 MB of `bytes` there, their length back"
    yield Row(
        8,
        Series(what, "s", pool),
        Series("native `ProcessPoolExecutor`", "s", native_times),
        Target(0.5),
    )
    pool, floor = take_turns(
        stage.often, lambda: stage.measure(back), lambda: stage.measure(by_hand)
    )
    yield Row(
        9,
        Series("100 MB of `bytes` there and back", "s", pool),
        Series("copied and transferred by hand, to a bare worker", "s", floor),
        Target(1.3),
    )
