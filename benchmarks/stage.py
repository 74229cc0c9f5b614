"""The stage that all rows share: a browser, the site, a kernel with a warm pool, and counts."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext

from tests.conftest import PAGE_TIMEOUT
from tests.support.kernel import UNTIL, Kernel

HERE = Path(__file__).parent
BUILD = HERE.parent / "build"

Measure = Callable[[], float]

SET_UP = """
import asyncio, gc, json, os, time
import js, pyodide_js
from pyodide.code import run_js
from pyodide.ffi import run_sync, to_js
from jupyterlite_pool import WorkerPoolExecutor, get_reusable_executor, pool_map

executor = get_reusable_executor({cores})
await until(lambda: len(executor.ready_workers) == {cores})
beside = run_js({beside!r})
"""


class Stage:
    """The browser, the site and the kernel in which rows are measured."""

    def __init__(self, browser: Browser, folder: Path, site: str, *, quick: bool) -> None:
        """Set the stage; the kernel starts when a row needs it.

        Args:
            browser: the browser to measure in.
            folder: the folder of the site.
            site: the URL of the site.
            quick: whether to repeat less often.
        """
        self.browser = browser
        self.folder = folder
        self.site = site
        self.cores = os.cpu_count() or 1
        #: How often to repeat a measurement of less than a second, and a longer one.
        self.often, self.seldom = (5, 2) if quick else (20, 5)
        #: How often to repeat a measurement at each place of a curve.
        self.few = 1 if quick else 3
        self._started = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the stage was set."""
        return time.monotonic() - self._started

    def drop_kernel(self) -> None:
        """Close the kernel, so that the next row starts a new one."""
        kernel = self.__dict__.pop("kernel", None)
        if kernel is not None:
            kernel.page.context.close()

    @functools.cached_property
    def kernel(self) -> Kernel:
        """The kernel that most rows share."""
        return self.start_kernel(self.browser.new_context())

    def start_kernel(self, context: BrowserContext) -> Kernel:
        """Start a kernel with one ready worker per core, and with `beside.js` as `beside`."""
        context.set_default_timeout(PAGE_TIMEOUT)
        page = context.new_page()
        page.goto(f"{self.site}/lab/index.html")
        kernel = Kernel(page, name="bench.ipynb")
        kernel.run(UNTIL + SET_UP.format(cores=self.cores, beside=script("beside.js")))
        return kernel

    def measure(self, code: str, kernel: Kernel | None = None) -> float:
        """Run a cell; the number that it leaves in `took`."""
        kernel = kernel or self.kernel
        kernel.run(code)
        return float(kernel.value("took"))

    def in_empty_page(self, function: str, argument: Any) -> Any:
        """Call a JavaScript function on an empty page, in a new profile; its value."""
        with self.browser.new_context() as context:
            page = context.new_page()
            page.goto(f"{self.site}/jupyter-lite.json")
            return page.evaluate(function, argument)


def script(name: str) -> str:
    """The text of a file of this folder."""
    return (HERE / name).read_text("utf-8")


def take_turns(count: int, *measures: Measure) -> list[list[float]]:
    """Repeat some measurements in turn, so that each goes first equally often; their values."""
    taken: list[list[float]] = [[] for _ in measures]
    for i in range(count):
        for j in range(len(measures)):
            k = (i + j) % len(measures)
            taken[k].append(measures[k]())
    return taken
