"""Measures what Comlink would cost if it carried task frames."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from .report import Row, Series
from .scripts import bundle, served, write_page
from .stage import HERE, Stage

BLOCK = 100


def frames(stage: Stage) -> Iterator[Row]:
    """Row 14: a task frame to a worker and back, as a raw message and as a Comlink call."""
    with tempfile.TemporaryDirectory() as name, stage.browser.new_context() as context:
        folder = Path(name)
        bundle(folder, [HERE / "frames.js", HERE / "echo.js"])
        with served(folder, isolated=True) as url:
            page = context.new_page()
            page.goto(f"{url}/{write_page(folder, 'frames.js')}")
            page.wait_for_function("() => window.taskFrames")
            compare = "([blocks, count, size]) => taskFrames.compare(blocks, count, size)"
            page.evaluate(compare, [4, BLOCK, 0])  # warm
            for what, size in (("200 bytes", 0), ("1 MB transferred", 1 << 20)):
                took = page.evaluate(compare, [stage.often, BLOCK, size])
                yield Row(
                    14,
                    Series(f"page ↔ worker, {what}, as a Comlink call", "ms", took["comlink"]),
                    Series("raw frame on a `MessagePort`", "ms", took["raw"]),
                )
