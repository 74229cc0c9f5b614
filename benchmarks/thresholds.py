"""Finds the size from which it is better to transfer a buffer than to copy it."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from .report import Row, Series
from .stage import Stage, take_turns

BLOCK = 50

SIZES = [1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18]

FUNCTIONS = """
from jupyterlite_pool.wire import buffers as _buffers

if not globals().get("measured_threshold"):
    measured_threshold = _buffers.OUT_OF_BAND_BYTES

async def there(size, count, threshold):
    data = os.urandom(size)
    _buffers.OUT_OF_BAND_BYTES = threshold
    try:
        started = time.perf_counter()
        for _ in range(count):
            await executor.submit(len, data)
        return (time.perf_counter() - started) * 1000 / count
    finally:
        _buffers.OUT_OF_BAND_BYTES = measured_threshold
"""


def buffers(stage: Stage) -> Iterator[Row]:
    """Row 18: buffers left out of a pickle by Python, and payloads transferred by JavaScript."""
    stage.kernel.run(FUNCTIONS)
    for what, this, other, cells in (
        (
            "`submit(len, data)`, data",
            "out of band",
            "in band",
            ("there({size}, {count}, 0)", "there({size}, {count}, 1 << 40)"),
        ),
        (
            "a frame's payload to a worker",
            "transferred",
            "copied",
            ("beside.payload({size}, {count}, True)", "beside.payload({size}, {count}, False)"),
        ),
    ):
        for size in SIZES:
            calls = [cell.format(size=size, count=BLOCK) for cell in cells]
            measures = [functools.partial(stage.measure, f"took = await {call}") for call in calls]
            for measure in measures:  # warm
                measure()
            one, two = take_turns(stage.often, *measures)
            yield Row(
                18,
                Series(f"{what} of {size >> 10} KiB, {this}", "ms", one),
                Series(other, "ms", two),
            )
