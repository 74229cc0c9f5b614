"""Measure what the pool costs, each number side by side with another way to do the same.

usage: python -m benchmarks [--rows 4,5] [--keep] [--quick] [--write-docs]

Prints a Markdown table. Writes it to `build/bench.md`, and every repetition to `build/bench.json`.
Needs the built site in `_output/`. The two sides of a row take turns in one run of one browser, so
that other work of the machine affects both.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterator

from browser import find as find_browser
from playwright.sync_api import sync_playwright

from tests.conftest import BROWSER_FLAGS

from . import (
    browsers,
    busy,
    comlink,
    contest,
    growth,
    handover,
    interruptible,
    kernel_time,
    many_items,
    meanwhile,
    payloads,
    predictions,
    prewarm,
    results,
    shared_array,
    snapshotless,
    starting,
    tasks,
    thread,
    thresholds,
)
from .report import HEAD, Measured, Skipped
from .scripts import served
from .stage import HERE, Stage

SITE = HERE.parent / "_output"

#: Seconds that a whole run may take.
LIMIT = 2400

#: The numbers of some rows and the function that measures them, in the order of the table.
PARTS: list[tuple[set[int], Callable[[Stage], Iterator[Measured]]]] = [
    ({1}, starting.workers),
    ({2}, starting.replaced),
    ({3}, starting.memory),
    ({1, 2, 3}, browsers.in_firefox),
    ({1, 2, 3}, browsers.in_webkit),
    ({4, 5}, tasks.one_by_one),
    ({6, 7}, tasks.many),
    ({8, 9}, payloads.buffers),
    ({10, 11}, busy.jobs),
    ({12}, thread.blocking),
    ({13}, prewarm.kernel_start),
    ({14}, comlink.frames),
    ({14}, contest.today),
    ({15}, contest.others),
    ({16}, handover.shared_memory),
    ({17}, snapshotless.workers),
    ({18}, thresholds.buffers),
    ({19}, growth.with_workers),
    ({20}, growth.with_size),
    ({21}, interruptible.cells),
    ({22}, meanwhile.jobs),
    ({23}, predictions.in_a_browser),
    ({24}, tasks.together),
    ({25}, many_items.memory),
    ({26}, shared_array.searches),
    ({27}, kernel_time.fractions),
]
EVERY = set[int]().union(*(numbers for numbers, _ in PARTS))


def measure(stage: Stage, wanted: set[int]) -> Iterator[Measured]:
    """Measure the wanted rows. If one fails, the others are still measured."""
    for numbers, part in PARTS:
        if not numbers & wanted:
            continue
        shown = ", ".join(map(str, sorted(numbers)))
        print(f"{stage.elapsed:6.0f} s  row {shown} …", file=sys.stderr, flush=True)
        try:
            yield from (row for row in part(stage) if row.number in wanted)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            yield from (Skipped(number, reason) for number in sorted(numbers & wanted))
            stage.drop_kernel()  # the kernel may have caused the error


def run(wanted: set[int], *, quick: bool, keep: bool) -> None:
    """Measure the wanted rows, print them and write them to files.

    Args:
        keep: whether the files keep other rows, which an earlier run has measured.
    """
    executable = find_browser()
    if executable is None:
        sys.exit("there is no Chromium: run `python tools/browser.py`")
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(served(SITE))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=executable, args=BROWSER_FLAGS)
        stack.callback(browser.close)
        stage = Stage(browser, SITE, site, quick=quick)
        about = {
            "cores": os.cpu_count(),
            "chromium": browser.version,
            "python": platform.python_version(),
            "quick": quick,
        }
        kept = results.kept_rows(wanted, about) if keep else []
        rows: list[Measured] = []
        summary = ""
        print(HEAD, flush=True)
        for row in measure(stage, wanted):
            rows.append(row)
            print(row.as_markdown(), flush=True)
            summary = results.write(rows, {**about, "seconds": round(stage.elapsed)}, kept=kept)
    print(f"\n{summary}")


def give_up() -> None:
    """End this process and its children, even if they wait for something."""
    print(
        f"not done after {LIMIT} s; the rows that were measured are written",
        file=sys.stderr,
        flush=True,
    )
    for process in multiprocessing.active_children():
        process.kill()
    os._exit(1)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the pool.")
    parser.add_argument("--rows", default="", help="the rows to measure, as in 4,5")
    parser.add_argument("--keep", action="store_true", help="keep other rows of the last run")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument(
        "--write-docs", action="store_true", help="write the last run's table into the documents"
    )
    options = parser.parse_args()
    if options.write_docs:
        try:
            results.write_docs(EVERY)
        except ValueError as error:
            sys.exit(str(error))
        return
    wanted = {int(number) for number in options.rows.split(",")} if options.rows else EVERY
    if unknown := wanted - EVERY:
        parser.error(f"there are no rows {sorted(unknown)}: there are {sorted(EVERY)}")
    if not (SITE / "index.html").exists():
        sys.exit("there is no site: run `make site`")
    watchdog = threading.Timer(LIMIT, give_up)
    watchdog.daemon = True
    watchdog.start()
    run(wanted, quick=options.quick, keep=options.keep)
    watchdog.cancel()


if __name__ == "__main__":
    main()
