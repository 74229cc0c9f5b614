"""Compares shared memory with a port for messages, on a cross-origin isolated page."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .report import Row, Series
from .scripts import bundle, served
from .stage import HERE, Stage, take_turns

BLOCK = 100

START = """() => {
  window.kernel = new Worker('handover.js', { type: 'module' });
  window.roundTrip = message => new Promise((resolve, reject) => {
    window.kernel.onmessage = event => resolve(event.data);
    window.kernel.onerror = event => reject(new Error(event.message));
    window.kernel.postMessage(message);
  });
}"""


def shared_memory(stage: Stage) -> Iterator[Row]:
    """Row 16: a round trip between a kernel's worker and a worker of its own."""
    with tempfile.TemporaryDirectory() as name, stage.browser.new_context() as context:
        folder = Path(name)
        bundle(folder, [HERE / "handover.js", HERE / "handover.echo.js"])
        (folder / "empty.html").write_text("<!doctype html><title>empty</title>", "utf-8")
        with served(folder, isolated=True) as url:
            page = context.new_page()
            page.goto(f"{url}/empty.html")
            page.evaluate(START)

            def round_trip(way: str) -> float:
                message = {"way": way, "count": BLOCK}
                return float(page.evaluate("message => window.roundTrip(message)", message))

            ways = ("port", "awaits", "blocks")
            for way in ways:  # warm
                round_trip(way)
            port, awaits, blocks = take_turns(
                stage.often, *(functools.partial(round_trip, way) for way in ways)
            )
    what = "200 bytes there and back in shared memory"
    beside = Series("on a `MessagePort`", "ms", port)
    yield Row(16, Series(f"{what}, `Atomics.waitAsync` on both sides", "ms", awaits), beside)
    yield Row(16, Series(f"{what}, the worker blocks in `Atomics.wait`", "ms", blocks), beside)
