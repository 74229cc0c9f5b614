"""How cost grows with the number of workers, and with the size of the data."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator

from .memory import weight_of_renderers
from .native import native
from .report import Curve, Series
from .stage import Stage, script

WORKERS = range(1, 9)

SIZES = [1 << power for power in range(0, 29, 4)]

#: Up to this size, a repetition is the mean of a block of calls.
SMALL, BLOCK = 1 << 16, 20

FUNCTIONS = """
async def sent(call, expected, count):
    started = time.perf_counter()
    for _ in range(count):
        result = await call()
    took = time.perf_counter() - started
    assert expected == (result if isinstance(result, int) else len(result))
    return took / count
"""

Times = dict[int, list[float]]


def with_workers(stage: Stage) -> Iterator[Curve]:
    """Row 19: start, memory and throughput with more and more workers."""
    stage.drop_kernel()  # or its memory would be counted
    seconds: Times = defaultdict(list)
    megabytes: Times = defaultdict(list)
    calls: Times = defaultdict(list)
    for _ in range(stage.few):
        for count in WORKERS:
            with stage.browser.new_context() as context:
                page = context.new_page()
                page.goto(f"{stage.site}/jupyter-lite.json")
                arguments = [stage.site, "pool", count]
                seconds[count].append(page.evaluate(script("starting.js"), arguments))
                megabytes[count].append(weight_of_renderers(stage.browser))
                calls[count].append(page.evaluate("() => window.busy()"))
    for name, unit, taken in (
        ("all workers ready", "s", seconds),
        ("memory of the page with its workers", "MB", megabytes),
        ("busy calls", "calls/s", calls),
    ):
        yield _curve(19, name, unit, "workers", taken)


def with_size(stage: Stage) -> Iterator[Curve]:
    """Row 20: larger and larger payloads, in a kernel of its own, because its heap grows."""
    there: Times = defaultdict(list)
    back: Times = defaultdict(list)
    processes: Times = defaultdict(list)
    with stage.browser.new_context() as context, native(stage.cores) as others:
        kernel = stage.start_kernel(context)
        kernel.run(FUNCTIONS)
        for size in SIZES:
            count = BLOCK if size <= SMALL else 1
            piece = min(size, 1 << 20)
            kernel.run(f"data = os.urandom({piece}) * {size // piece}")
            cells = [
                (f"took = await sent(lambda: executor.submit({f}, data), {size}, {count})", taken)
                for f, taken in (("len", there), ("bytes", back))
            ]
            data = os.urandom(piece) * (size // piece)
            for cell, _ in cells:  # warm: the heaps grow only once
                stage.measure(cell, kernel)
            for _ in range(stage.few):
                for cell, taken in cells:
                    taken[size].append(stage.measure(cell, kernel))
                whole = sum(others.length_of(data) for _ in range(count))
                processes[size].append(whole / count)
    for name, taken in (
        ("`bytes` there, their length back", there),
        ("`bytes` there and back", back),
        ("native `ProcessPoolExecutor`, there", processes),
    ):
        yield _curve(20, name, "s", "bytes", taken)


def _curve(number: int, name: str, unit: str, along: str, taken: Times) -> Curve:
    return Curve(
        number, name, along, [(at, Series(name, unit, values)) for at, values in taken.items()]
    )
