"""Measure what the pool costs, each number side by side with what it stands beside.

usage: python benchmarks/run.py

Prints a Markdown table and writes `build/bench.json`. Wants the built site in `_output/`.
Everything runs in one Chromium, and the repetitions of two things that are compared take turns, so
that whatever else the machine does meets both.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import multiprocessing
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from browser import find as find_browser  # noqa: E402
from node import node_environment  # noqa: E402
from serve import make_server  # noqa: E402

from tests.conftest import BROWSER_FLAGS, PAGE_TIMEOUT  # noqa: E402
from tests.support.bare import TwoTasks  # noqa: E402
from tests.support.kernel import Kernel  # noqa: E402

#: Seconds that all of it may take; an idle machine takes far less.
LIMIT = 300

SMALL_BLOCKS, SMALL_BLOCK = 20, 100
LARGE_BLOCKS, LARGE_BLOCK, LARGE_BYTES = 20, 10, 1 << 20
BOOTS = 5
BUSY_RUNS = 5
EMPTY_RUNS, EMPTY_TASKS, SINGLE_TASKS = 5, 20_000, 2_000
SUBMIT_BLOCKS, SUBMIT_BLOCK = 10, 20

#: From so many repetitions on, the outermost twentieths say more than the extremes.
MANY = 100

Measure = Callable[[], float]


@dataclass
class Series:
    """The repetitions of one thing."""

    name: str
    unit: str
    values: list[float]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    @property
    def many(self) -> bool:
        """Whether percentiles mean something."""
        return len(self.values) >= MANY

    @property
    def spread(self) -> tuple[float, float]:
        """The 5th and the 95th percentile, or of few repetitions the least and the greatest."""
        if not self.many:
            return min(self.values), max(self.values)
        cuts = statistics.quantiles(self.values, n=20)
        return cuts[0], cuts[-1]

    @property
    def best(self) -> float:
        """The one that was disturbed least."""
        return max(self.values) if self.unit.endswith("/s") else min(self.values)

    def show(self, value: float) -> str:
        """A number for people."""
        return f"{value:,.0f}" if self.unit.endswith("/s") else f"{value:.3g}"

    def as_json(self) -> dict[str, Any]:
        """What is kept of it."""
        low, high = self.spread
        return {
            "name": self.name,
            "unit": self.unit,
            "repetitions": len(self.values),
            "median": self.median,
            "spread": [low, high],
            "best": self.best,
        }


@dataclass
class Row:
    """Something measured, and what it is compared with."""

    this: Series
    other: Series

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return self.this.median / self.other.median

    @property
    def ratio_of_best(self) -> float:
        """Of the best repetitions: whatever else the machine does only adds time."""
        return self.this.best / self.other.best

    @property
    def ratio_of_p95(self) -> float | None:
        """Of the 95th percentiles, where there are any."""
        if not (self.this.many and self.other.many):
            return None
        return self.this.spread[1] / self.other.spread[1]

    def as_markdown(self) -> str:
        """Its line of the table."""

        def measured(series: Series) -> tuple[str, str]:
            low, high = (series.show(value) for value in series.spread)
            return f"{series.show(series.median)} {series.unit}", f"{low} … {high}"

        median, spread = measured(self.this)
        beside = "{}: {} ({})".format(self.other.name, *measured(self.other))
        p95 = self.ratio_of_p95
        more = f"best: {self.ratio_of_best:.2f}" if p95 is None else f"p95: {p95:.2f}"
        ratio = f"**{self.ratio:.2f}** ({more})"
        return f"| {self.this.name} | {median} | {spread} | {beside} | {ratio} |"

    def as_json(self) -> dict[str, Any]:
        """What is kept of it."""
        return {
            "this": self.this.as_json(),
            "other": self.other.as_json(),
            "ratio": self.ratio,
            "ratio_of_best": self.ratio_of_best,
            "ratio_of_p95": self.ratio_of_p95,
        }


HEAD = "| What | Median | Spread | Side by side with | Ratio |\n|---|--:|--:|---|--:|"


def take_turns(count: int, this: Measure, other: Measure) -> tuple[list[float], list[float]]:
    """Repeat two measurements in turn; each one goes first as often as the other."""
    taken: dict[Measure, list[float]] = {this: [], other: []}
    for i in range(count):
        for measure in (this, other) if i % 2 else (other, this):
            taken[measure].append(measure())
    return taken[this], taken[other]


def nothing(_: object = None) -> None:
    """An empty task; `NOTHING` is the same in a notebook."""


NOTHING = """
def nothing(_=None):
    pass
"""


def round_trips(frames: Page) -> Iterator[Row]:
    """A task frame there and back, as it is and as a Comlink call."""
    compare = "([blocks, count, size]) => taskFrames.compare(blocks, count, size)"
    frames.evaluate(compare, [4, SMALL_BLOCK, 0])  # warm
    for what, sizes in (
        ("200 bytes", [SMALL_BLOCKS, SMALL_BLOCK, 0]),
        ("1 MB transferred", [LARGE_BLOCKS, LARGE_BLOCK, LARGE_BYTES]),
    ):
        took = frames.evaluate(compare, sizes)
        yield Row(
            Series(f"round trip page ↔ worker, {what}, Comlink call", "ms", took["comlink"]),
            Series("raw frame on a MessagePort", "ms", took["raw"]),
        )


def boots(browser: Browser, site: str) -> Iterator[Row]:
    """Two workers from nothing, each time in a browser profile of its own."""
    script = (HERE / "boots.js").read_text("utf-8")

    def boot(kind: str) -> float:
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(f"{site}/jupyter-lite.json")  # a page of the site on which nothing runs
            return float(page.evaluate(script, [site, kind]))

    pool, bare = take_turns(BOOTS, lambda: boot("pool"), lambda: boot("bare"))
    yield Row(
        Series("2 workers ready, first visit, PyodidePool", "s", pool),
        Series("2 workers, `loadPyodide` in each", "s", bare),
    )


def busy(tasks: TwoTasks) -> Iterator[Row]:
    """Two CPU-bound tasks."""
    pool, bare = take_turns(BUSY_RUNS, tasks.on_the_pool, tasks.on_bare_workers)
    yield Row(
        Series("2 CPU-bound tasks, `pool_map` on 2 workers", "s", pool),
        Series("2 bare Pyodide workers", "s", bare),
    )


def empty(kernel: Kernel) -> Iterator[Row]:
    """Many tasks that do nothing: all that is measured is the pool."""
    # A fork would copy this process's threads halfway through what they do.
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=spawn) as native:

        def on_processes(count: int) -> float:
            started = time.perf_counter()
            for _ in native.map(nothing, range(count), chunksize=1):
                pass
            return count / (time.perf_counter() - started)

        def on_the_pool(count: int, options: str = "") -> float:
            kernel.run(
                "started = time.perf_counter()\n"
                f"pool_map(nothing, range({count}), progress=False{options})\n"
                "took = time.perf_counter() - started"
            )
            return count / float(kernel.value("took"))

        on_processes(SINGLE_TASKS)  # warm
        on_the_pool(SINGLE_TASKS)
        pool, processes = take_turns(
            EMPTY_RUNS, lambda: on_the_pool(EMPTY_TASKS), lambda: on_processes(EMPTY_TASKS)
        )
        native_name = "native ProcessPoolExecutor(2), chunksize=1"
        yield Row(
            Series(f"{EMPTY_TASKS:,} empty tasks, `pool_map`", "tasks/s", pool),
            Series(native_name, "tasks/s", processes),
        )
        pool, processes = take_turns(
            EMPTY_RUNS,
            lambda: on_the_pool(SINGLE_TASKS, ", chunksize=1"),
            lambda: on_processes(SINGLE_TASKS),
        )
        yield Row(
            Series(f"{SINGLE_TASKS:,} empty tasks, `pool_map(chunksize=1)`", "tasks/s", pool),
            Series(native_name, "tasks/s", processes),
        )


def submits(kernel: Kernel, frames: Page) -> Iterator[Row]:
    """One empty task at a time, from `submit` to its result."""
    pool: list[float] = []
    raw: list[float] = []
    kernel.run("executor = get_reusable_executor()\nawait executor.submit(nothing)")
    for _ in range(SUBMIT_BLOCKS):
        raw += frames.evaluate("n => taskFrames.roundTrips('raw', n, 0)", SMALL_BLOCK)
        kernel.run(
            "took = []\n"
            f"for _ in range({SUBMIT_BLOCK}):\n"
            "    started = time.perf_counter()\n"
            "    await executor.submit(nothing)\n"
            "    took.append((time.perf_counter() - started) * 1000)"
        )
        pool += kernel.value("took")
    yield Row(
        Series("`await executor.submit(f)`, empty", "ms", pool),
        Series("round trip of 200 bytes, raw frame", "ms", raw),
    )


def bundle_frames(folder: Path) -> None:
    """Lay down what measures frames, with Comlink, where it can be served."""
    modules = ROOT / "labextension" / "node_modules"
    environment = {**node_environment(), "NODE_PATH": str(modules)}
    esbuild = shutil.which("esbuild", path=str(modules / ".bin"))
    if esbuild is None:
        sys.exit("there is no esbuild: run `make site`")
    # As the pool's own scripts are built.
    options = ["--bundle", "--format=esm", "--target=es2022", "--minify", "--log-level=warning"]
    entries = [str(HERE / name) for name in ("frames.js", "echo.js")]
    subprocess.run([esbuild, *entries, *options, f"--outdir={folder}"], env=environment, check=True)
    (folder / "index.html").write_text(
        '<!doctype html><meta charset="utf-8"><title>frames</title>'
        '<link rel="icon" href="data:,"><script type="module" src="frames.js"></script>',
        "utf-8",
    )


@contextlib.contextmanager
def served(folder: Path, isolated: bool = False) -> Iterator[str]:
    """Serve a folder; gives its URL."""
    with make_server(str(folder), isolated=isolated) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def give_up() -> None:
    """End everything, whatever it waits for."""
    print(f"not done after {LIMIT} s", file=sys.stderr, flush=True)
    for process in multiprocessing.active_children():
        process.kill()
    os._exit(1)


def measure(browser: Browser, site: str, frames_url: str) -> Iterator[Row]:
    """Everything, row by row."""
    context = browser.new_context()
    context.set_default_timeout(PAGE_TIMEOUT)
    frames = context.new_page()
    frames.goto(frames_url)
    frames.wait_for_function("() => window.taskFrames")
    yield from round_trips(frames)
    yield from boots(browser, site)

    page = context.new_page()
    page.goto(f"{site}/lab/index.html")
    kernel = Kernel(page, name="bench.ipynb")
    tasks = TwoTasks(kernel, site)
    kernel.run(NOTHING)
    yield from busy(tasks)
    yield from empty(kernel)
    yield from submits(kernel, frames)


def main() -> None:
    """Measure, print, write."""
    site_folder = ROOT / "_output"
    if not (site_folder / "index.html").exists():
        sys.exit("there is no site: run `make site`")
    executable = find_browser()
    if executable is None:
        sys.exit("there is no Chromium: run `python tools/browser.py`")
    watchdog = threading.Timer(LIMIT, give_up)
    watchdog.daemon = True
    watchdog.start()
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bundle_frames(folder)
        site = stack.enter_context(served(site_folder))
        # Isolated, a page's clock has steps of 5 µs, elsewhere of 100.
        frames_url = stack.enter_context(served(folder, isolated=True))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=executable, args=BROWSER_FLAGS)
        stack.callback(browser.close)
        rows = []
        print(HEAD, flush=True)
        for row in measure(browser, site, f"{frames_url}/index.html"):
            rows.append(row)
            print(row.as_markdown(), flush=True)
        report = {
            "cores": os.cpu_count(),
            "chromium": browser.version,
            "python": platform.python_version(),
            "seconds": round(time.monotonic() - started),
            "rows": [row.as_json() for row in rows],
        }
    watchdog.cancel()
    target = ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(
        f"\n{report['cores']} cores, Chromium {report['chromium']}, native Python "
        f"{report['python']}, {report['seconds']} s in all"
    )


if __name__ == "__main__":
    main()
