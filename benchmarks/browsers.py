"""Rows 1 to 3 in Firefox and WebKitGTK, if they are installed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from tests.support import firefox, webkit

from .memory import weight_of_descendants
from .report import Measured, Row, Series, Skipped, Target
from .scripts import empty_site
from .stage import Stage, script
from .starting import WORKERS

#: Few, because four ordinary starts take WebKit most of a minute.
WEBKIT_REPETITIONS = 2


class Page(Protocol):
    """A page of one of these browsers."""

    def open(self, url: str) -> None:
        """Go to a page and wait until it has loaded."""

    def evaluate(self, function: str, argument: Any = None, /) -> Any:
        """Call a JavaScript function and await its value; argument and value travel as JSON."""


class Browser(NamedTuple):
    """A browser."""

    name: str
    start: Callable[[], contextlib.AbstractContextManager[Page]]
    #: Tells from the command line of a process whether it runs pages.
    runs_pages: Callable[[list[str]], bool]
    repetitions: int


class Taken(NamedTuple):
    """One measurement of workers of one kind, in seconds and megabytes."""

    all_ready: float
    one_ready: float
    #: None for workers that no pool replaces.
    replaced: float | None
    further: float


def firefox_browser(repetitions: int) -> Browser | None:
    """Firefox, if it is installed."""
    path = firefox.find()
    if path is None:
        return None
    return Browser(
        "Firefox",
        lambda: firefox.start(path),
        lambda command: "-contentproc" in command and command[-1] == "tab",
        repetitions,
    )


def webkit_browser(repetitions: int) -> Browser | None:
    """WebKitGTK, if it is installed."""
    programs = webkit.find()
    if programs is None:
        return None
    return Browser(
        "WebKitGTK",
        lambda: webkit.start(programs),
        lambda command: bool(command) and command[0].endswith("WebKitWebProcess"),
        repetitions,
    )


def in_firefox(stage: Stage) -> Iterator[Measured]:
    """Rows 1 to 3 in Firefox."""
    browser = firefox_browser(stage.seldom)
    yield from _skipped(firefox.HOW_TO_GET) if browser is None else _rows(stage, browser)


def in_webkit(stage: Stage) -> Iterator[Measured]:
    """Rows 1 to 3 in WebKitGTK."""
    browser = webkit_browser(min(stage.seldom, WEBKIT_REPETITIONS))
    yield from _skipped(webkit.HOW_TO_GET) if browser is None else _rows(stage, browser)


def _skipped(reason: str) -> Iterator[Skipped]:
    return (Skipped(number, reason) for number in (1, 2, 3))


def _rows(stage: Stage, browser: Browser) -> Iterator[Row]:
    pool: list[Taken] = []
    bare: list[Taken] = []
    with empty_site(stage.folder) as site:
        for i in range(browser.repetitions):
            kinds = [("pool", pool), ("bare", bare)]
            for kind, taken in kinds[:: -1 if i % 2 else 1]:
                taken.append(_measure(browser, site, kind))
    name = browser.name
    yield Row(
        1,
        Series(f"{name}: {WORKERS} workers ready, with the site's snapshot", "s", _all(pool, 0)),
        Series(f"{WORKERS} workers with `loadPyodide` in each", "s", _all(bare, 0)),
        Target(0.12),
    )
    yield Row(
        2,
        Series(f"{name}: killed → the next is ready, no spare", "s", _all(pool, 2)),
        Series("one worker with `loadPyodide`", "s", _all(bare, 1)),
        Target(0.07),
    )
    yield Row(
        3,
        Series(f"{name}: memory of a further worker", "MB", _all(pool, 3)),
        Series("a further worker with `loadPyodide`", "MB", _all(bare, 3)),
        Target(1.1),
    )


def _all(taken: list[Taken], place: int) -> list[float]:
    return [float(one[place] or 0) for one in taken]


def _measure(browser: Browser, site: str, kind: str) -> Taken:
    """Measure one worker in one browser, then all workers in another browser."""

    def one(page: Page) -> tuple[float, float, float | None]:
        ready = _start(page, site, kind, 1)
        weight = weight_of_descendants(browser.runs_pages)
        replaced = page.evaluate("() => window.replaced()") if kind == "pool" else None
        return ready, weight, replaced

    def several(page: Page) -> tuple[float, float]:
        return _start(page, site, kind, WORKERS), weight_of_descendants(browser.runs_pages)

    one_ready, one_weight, replaced = _in_fresh(browser, site, one)
    all_ready, all_weight = _in_fresh(browser, site, several)
    return Taken(all_ready, one_ready, replaced, (all_weight - one_weight) / (WORKERS - 1))


def _start(page: Page, site: str, kind: str, count: int) -> float:
    return float(page.evaluate(script("starting.js"), [site, kind, count]))


def _in_fresh(browser: Browser, site: str, measure: Callable[[Page], Any]) -> Any:
    """Start a browser and measure on an empty page of it."""
    with browser.start() as page:
        page.open(f"{site}/empty.html")
        return measure(page)
