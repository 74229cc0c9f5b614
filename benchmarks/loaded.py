"""What a further worker takes of the computer's memory, with packages loaded, in each browser.

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

from .browsers import Browser, firefox_browser, webkit_browser
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
#: Everything is awaited: not every browser can pause Python. Workers do without the notebook's
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
    """A page of Chromium, as the other browsers have them."""

    def __init__(self, page: ChromiumPage) -> None:
        self._page = page
        self.evaluate = page.evaluate

    def open(self, url: str) -> None:
        self._page.goto(url)


def chromium_browser(executable: str) -> Browser:
    """Chromium."""

    @contextlib.contextmanager
    def start() -> Iterator[_Opened]:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=BROWSER_FLAGS)
            page = browser.new_page()
            page.set_default_timeout(600_000)
            yield _Opened(page)
            browser.close()

    return Browser("Chromium", start, lambda command: "--type=renderer" in command, 1)


def installed_browsers(executable: str) -> list[Browser]:
    """All browsers that are installed."""
    found = (chromium_browser(executable), firefox_browser(1), webkit_browser(1))
    return [browser for browser in found if browser is not None]


def further_worker(
    browser: Browser, url: str, wheels: Sequence[Path], names: Sequence[str]
) -> float:
    """Megabytes of the computer's memory that each worker takes after the first ones."""
    with contextlib.ExitStack() as opened:

        def begin() -> Kernel:
            page = opened.enter_context(browser.start())
            page.open(f"{url}/{LAB}")
            page.evaluate(CONTROLLED)
            page.open(f"{url}/{LAB}")
            return kernel_with(page, url, wheels)

        kernel = insist(opened, begin)
        kernel.run(UNTIL + SET_UP)
        kernel.run("\n".join(f"import {name}" for name in names))  # else no worker has it
        first, second = (_weight_with_more(kernel, browser, names) for _ in range(2))
        return (second - first) / AT_ONCE


def _weight_with_more(kernel: Kernel, browser: Browser, names: Sequence[str]) -> float:
    kernel.run(f"starting = asyncio.ensure_future(start({AT_ONCE}, {list(names)!r}))")
    deadline = time.monotonic() + PATIENCE
    while not kernel.value("await is_done()"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{browser.name} has not started workers in {PATIENCE} s")
    return weight_of_descendants(browser.runs_pages)


def print_weights(found: Sequence[Browser], site: Path, wheels: Sequence[Path]) -> None:
    """Print a row for what is loaded, and a column for each browser."""
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as url:
        lay_out_bare(site, wheels, Path(folder))
        _print_weights(found, url, wheels)


def _print_weights(found: Sequence[Browser], url: str, wheels: Sequence[Path]) -> None:
    print(f"\n| a further worker has loaded | {' | '.join(browser.name for browser in found)} |")
    print(f"|---|{'--:|' * len(found)}", flush=True)
    for what, names in LOADED.items():
        taken = [further_worker(browser, url, wheels, names) for browser in found]
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
