"""Measures the memory of a notebook that holds a job of very many items."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from .report import Ceiling, Row, Series
from .stage import HERE, Stage

ITEMS = 1_000_000

#: Prints how many bytes the memory of a process has grown for each item. Values are small numbers,
#: which every Python has, so that they take no more than their places in a list.
PROGRAM = """
import gc
import psutil
from jupyterlite_pool import WorkerPoolExecutor, pool_map
from jupyterlite_pool.api.shared import set_reusable_executor
from jupyterlite_pool.backends.threads import InProcessBackend

def one(x):
    return x & 1

def in_a_loop():
    return [one(x) for x in range({items})]

def on_the_pool():
    return pool_map(one, range({items}), progress=False)

if __name__ == "__main__":
    set_reusable_executor(WorkerPoolExecutor(backend=InProcessBackend(2)))
    pool_map(one, range(10_000), progress=False)
    gc.collect()
    before = psutil.Process().memory_info().rss
    kept = {what}()
    gc.collect()
    print((psutil.Process().memory_info().rss - before) / {items}, flush=True)
    import os
    os._exit(0)
"""


def memory(stage: Stage) -> Iterator[Row]:
    """Row 25: bytes of a job of a million items, for each of them."""
    yield Row(
        25,
        Series(
            f"memory of `pool_map` of {ITEMS:,} items when it has ended",
            "bytes an item",
            [_grown("on_the_pool") for _ in range(stage.few)],
        ),
        Series(
            "of a list of the values",
            "bytes an item",
            [_grown("in_a_loop") for _ in range(stage.few)],
        ),
        Ceiling(200, "bytes an item"),
    )


def _grown(what: str) -> float:
    program = PROGRAM.format(items=ITEMS, what=what)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=HERE.parent,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=300,
    )
    return float(done.stdout)
