"""Measures how much of a core the notebook's own thread takes while results come."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .report import Row, Series
from .stage import Stage, take_turns

#: Results in a second, as the tasks' own time asks for them.
RATES = (10, 100, 1000)

#: Seconds of a job.
SECONDS = 3

FUNCTIONS = """
def sleeps(seconds):
    time.sleep(seconds)

def results_come(rate, seconds, **options):
    each = executor.max_workers / rate
    pool_map(sleeps, [each] * (rate * seconds), **options)

def computes(seconds):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass
"""


def fractions(stage: Stage) -> Iterator[Row]:
    """Row 27: the share of one core that the kernel's thread takes, at several rates of results."""
    stage.kernel.run(FUNCTIONS)
    thread = _busiest_thread(lambda: stage.kernel.run("computes(1)"))
    for rate in RATES:
        each, batches, idle = take_turns(
            stage.few,
            functools.partial(
                _share, stage, thread, f"results_come({rate}, {SECONDS}, chunksize=1)"
            ),
            functools.partial(_share, stage, thread, f"results_come({rate}, {SECONDS})"),
            functools.partial(_share, stage, thread, f"time.sleep({SECONDS})"),
        )
        beside = Series("a cell that sleeps", "of a core", idle)
        shown = f"the notebook's thread, {rate:,} results a second"
        yield Row(27, Series(f"{shown}, one by one", "of a core", each), beside)
        yield Row(
            27, Series(f"{shown}, in batches of the pool's own size", "of a core", batches), beside
        )


def _share(stage: Stage, thread: Path, cell: str) -> float:
    """The processor time of a thread while a cell runs, in that of one core."""
    before, started = _seconds(thread), time.perf_counter()
    stage.kernel.run(cell)
    return (_seconds(thread) - before) / (time.perf_counter() - started)


def _busiest_thread(action: Callable[[], object]) -> Path:
    """The thread of a web worker that takes most processor time while something runs.

    Raises:
        ValueError: this system has no threads in `/proc`.
    """
    before = {thread: _seconds(thread) for thread in _threads_of_web_workers()}
    if not before:
        raise ValueError("the system does not tell the processor time of threads")
    action()
    return max(before, key=lambda thread: _seconds(thread) - before[thread])


def _threads_of_web_workers() -> list[Path]:
    found: list[Path] = []
    for thread in Path("/proc").glob("[0-9]*/task/[0-9]*"):
        try:
            if (thread / "comm").read_text("utf-8").startswith("DedicatedWorker"):
                found.append(thread)
        except OSError:
            continue  # it has just ended
    return found


def _seconds(thread: Path) -> float:
    """Seconds of processor time that a thread has taken; 0 if it has ended."""
    try:
        fields = (thread / "stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
