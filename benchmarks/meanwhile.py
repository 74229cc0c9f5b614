"""Measures what workers get done while the notebook itself computes."""

from __future__ import annotations

import time
from collections.abc import Iterator

from .native import native
from .report import Row, Series, Target
from .stage import Stage, take_turns

#: Items of a job, seconds of each, and seconds that the notebook computes beside it.
ITEMS, ITEM, SECONDS = 60, 0.25, 5

FUNCTIONS = f"""
def nap(_):
    time.sleep({ITEM})
    return time.time()

def compute(seconds):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass
    return time.time()

def job():
    running = pool_map(nap, range({ITEMS}), block=False, progress=False)
    over = compute({SECONDS})
    return sum(end <= over for end in running)

def calls():
    futures = [executor.submit(nap, x) for x in range({ITEMS})]
    over = compute({SECONDS})
    return sum(future.result() <= over for future in futures)
"""


def nap(_: int) -> float:
    """A task that takes some time and no processor."""
    time.sleep(ITEM)
    return time.time()


def compute() -> float:
    """Compute for some seconds; the time at the end."""
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        pass
    return time.time()


def jobs(stage: Stage) -> Iterator[Row]:
    """Row 22: a job and single calls beside a computing notebook, and those of a native pool."""
    stage.kernel.run(FUNCTIONS)
    with native(stage.cores) as peer:

        def natively() -> float:
            futures = [peer.submit(nap, x) for x in range(ITEMS)]
            over = compute()
            return sum(future.result() <= over for future in futures)

        ours, single, theirs = take_turns(
            stage.seldom,
            lambda: stage.measure("took = job()"),
            lambda: stage.measure("took = calls()"),
            natively,
        )
    beside = f"native `ProcessPoolExecutor({stage.cores}).submit`, with its process as busy"
    for what, ended in (("`pool_map(block=False)`", ours), ("`executor.submit`", single)):
        yield Row(
            22,
            Series(f"items of {ITEM} s by {what} in {SECONDS} s of computing", "items", ended),
            Series(beside, "items", theirs),
            Target(0.95, at_least=True),
        )
