"""What a further worker takes of the computer's memory, with packages loaded in it, in each engine.

The site is the one that others have built, which has these packages; see `packages`.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Page as ChromiumPage
from playwright.sync_api import sync_playwright

from jupyterlite_pool.backends.size import default_size
from tests.conftest import BROWSER_FLAGS
from tests.support.kernel import CONTROLLED, UNTIL, Kernel
from tests.support.strangers import LAB, kernel_with, lay_out_bare
from tests.support.webkit import insist

from .engines import Engine, firefox_engine, webkit_engine
from .memory import weight_of_descendants
from .scripts import served

#: What each worker imports, by what the table calls it.
LOADED = {
    "nothing": (),
    "numpy": ("numpy",),
    "pandas": ("pandas",),
    "scikit-learn": ("sklearn.ensemble",),
}

#: This many workers start at once, twice. The first ones come with the memory that others are
#: restored from, and only the second ones count.
AT_ONCE = 2

#: Cores and gigabytes of the devices in the table of workers; None: the browser does not tell.
CORES = (2, 4, 8)
GIGABYTES = (2, 4, 8, None)

#: No worker is kept ready in place of another, and so none is counted that has loaded nothing.
#: Everything is awaited: not every engine can pause Python. Workers do without the notebook's
#: files: in WebKitGTK they do not get at those of JupyterLite 0.5.
SET_UP = """
import asyncio
from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.pyodide import backend, boot
backend.SPARES = 0
boot.DRIVE = "/no/drive"
pools = []

def loads(names):
    import importlib
    for name in names:
        importlib.import_module(name)

async def start(count, names):
    pools.append(WorkerPoolExecutor(count))
    await until(lambda: len(pools[-1].ready_workers) == count)
    await pools[-1].submit_everywhere(loads, names)

async def is_done():
    await asyncio.wait([starting], timeout=10)
    return starting.done() and starting.result() is None
"""

#: Seconds that workers may take. A cell takes less: no driver waits for an answer that long.
PATIENCE = 300


class _Opened:
    """A page of Chromium, as the other engines have them."""

    def __init__(self, page: ChromiumPage) -> None:
        self._page = page
        self.evaluate = page.evaluate

    def open(self, url: str) -> None:
        self._page.goto(url)


def chromium_engine(executable: str) -> Engine:
    """Chromium."""

    @contextlib.contextmanager
    def start() -> Iterator[_Opened]:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=BROWSER_FLAGS)
            page = browser.new_page()
            page.set_default_timeout(600_000)
            yield _Opened(page)
            browser.close()

    return Engine("Chromium", start, lambda command: "--type=renderer" in command, 1)


def engines(executable: str) -> list[Engine]:
    """All engines that are installed."""
    found = (chromium_engine(executable), firefox_engine(1), webkit_engine(1))
    return [engine for engine in found if engine is not None]


def further_worker(engine: Engine, url: str, wheels: Sequence[Path], names: Sequence[str]) -> float:
    """Megabytes of the computer's memory that each worker takes after the first ones."""
    with contextlib.ExitStack() as browser:

        def begin() -> Kernel:
            page = browser.enter_context(engine.start())
            page.open(f"{url}/{LAB}")
            page.evaluate(CONTROLLED)
            page.open(f"{url}/{LAB}")
            return kernel_with(page, url, wheels)

        kernel = insist(browser, begin)
        kernel.run(UNTIL + SET_UP)
        kernel.run("\n".join(f"import {name}" for name in names))  # else no worker has it
        first, second = (_weight_with_more(kernel, engine, names) for _ in range(2))
        return (second - first) / AT_ONCE


def _weight_with_more(kernel: Kernel, engine: Engine, names: Sequence[str]) -> float:
    kernel.run(f"starting = asyncio.ensure_future(start({AT_ONCE}, {list(names)!r}))")
    deadline = time.monotonic() + PATIENCE
    while not kernel.value("await is_done()"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{engine.name} has not started workers in {PATIENCE} s")
    return weight_of_descendants(engine.runs_pages)


def print_weights(found: Sequence[Engine], site: Path, wheels: Sequence[Path]) -> None:
    """Print a row for what is loaded, and a column for each engine."""
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as url:
        lay_out_bare(site, wheels, Path(folder))
        _print_weights(found, url, wheels)


def _print_weights(found: Sequence[Engine], url: str, wheels: Sequence[Path]) -> None:
    print(f"\n| a further worker has loaded | {' | '.join(engine.name for engine in found)} |")
    print(f"|---|{'--:|' * len(found)}", flush=True)
    for what, names in LOADED.items():
        taken = [further_worker(engine, url, wheels, names) for engine in found]
        cells = " | ".join(f"{weight:.0f} MB" for weight in taken)
        print(f"| {what} | {cells} |", flush=True)


def table_of_sizes() -> str:
    """How many workers start by themselves, by memory and cores, as a Markdown table."""
    heads = " | ".join(f"{cores} cores" for cores in CORES)
    lines = [f"| memory | {heads} |", f"|---|{'--:|' * len(CORES)}"]
    for memory in GIGABYTES:
        name = "not told (Firefox, Safari)" if memory is None else f"{memory} GB"
        cells = " | ".join(str(default_size(cores, memory)) for cores in CORES)
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)
