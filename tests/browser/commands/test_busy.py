"""*Interrupt Kernel*, pressed by a person while the notebook's own code computes."""

from __future__ import annotations

import itertools

import pytest
from playwright.sync_api import Page, expect

from tests.browser.commands.test_interrupt import CLOCK, SHOWN, press_button, press_keys
from tests.conftest import PAGE_TIMEOUT, Pages
from tests.support.isolated import isolated_page
from tests.support.notebook import Notebook

# Judged by the clock.
pytestmark = pytest.mark.alone

#: Seconds within which the cell has ended. `make bench` judges the promise of one second; here a
#: question may be late, as the machine is busy.
WITHIN = 2.0

START = """
import asyncio, json, re, time
from jupyterlite_pool import pool_map
kept = "state"
list(pool_map(abs, range(4), progress=False))
"""

#: Cells that never end by themselves, each after it has said that it begins.
BUSY = {
    "a loop": "while True: pass",
    "a loop in a function": "def f():\n    n = 0\n    while True:\n        n += 1\nf()",
    "an endless generator": "import itertools\nfor _ in itertools.count(): pass",
    "code of a module": "import fractions\nwhile True: fractions.Fraction(1, 3) + 1",
    "a recursion": "def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(60)",
    "a sleep": "time.sleep(3600)",
    "a coroutine that computes": "async def c():\n    while True: pass\nawait c()",
    "a task of the event loop": (
        "async def c():\n    while True: pass\nawait asyncio.ensure_future(c())"
    ),
    "a comprehension": "[x for x in iter(int, 1)]",
    "beside a job": (
        "job = pool_map(time.sleep, [60, 60], block=False, progress=False)\nwhile True: pass"
    ),
}


def begin(notebook: Notebook, code: str) -> None:
    """Run a cell, and wait until it computes."""
    begun = f"begun {next(NUMBERS)};"
    notebook.start(f"print({begun!r})\n{code}")
    notebook.page.evaluate(SHOWN, begun)


NUMBERS = itertools.count()


def interrupt(notebook: Notebook, code: str, press: object = press_button) -> float:
    """Run a cell, and press when it computes; seconds until it has ended."""
    page = notebook.page
    begin(notebook, code)
    page.evaluate(CLOCK)
    assert callable(press)
    press(page)
    took: float = page.evaluate("() => window.took")
    print(f"{code.splitlines()[-1]}: the cell ended after {took:.2f} s")
    return took


def ends_soon(notebook: Notebook, code: str = "while True: pass") -> None:
    """Assert that a press of the button ends a cell, in time."""
    late = notebook.lateness()
    took = interrupt(notebook, code)
    assert "KeyboardInterrupt" in notebook.error()
    assert took < WITHIN + late


@pytest.fixture(scope="module")
def notebook(module_pages: Pages, site: str) -> Notebook:
    notebook = Notebook(module_pages.open(f"{site}/lab/index.html"))
    notebook.run(START)
    return notebook


@pytest.mark.parametrize("kind", BUSY)
def test_a_busy_cell_ends_soon(notebook: Notebook, kind: str) -> None:
    ends_soon(notebook, BUSY[kind])
    # The kernel keeps all that it has, and nothing of the wish is left for the next cell.
    notebook.run("until = time.monotonic() + 1.6\nwhile time.monotonic() < until: pass")
    assert notebook.value("kept") == "state"


def test_the_jobs_of_a_busy_cell_are_cancelled_and_others_go_on(notebook: Notebook) -> None:
    notebook.run("other = pool_map(lambda x: x, range(3), block=False, progress=False)")
    interrupt(notebook, BUSY["beside a job"])
    assert "KeyboardInterrupt" in notebook.error()
    notebook.run(
        "import asyncio\nvalues = await other\n"
        "while not job.done(): await asyncio.sleep(0.01)  # its workers are asked"
    )
    assert notebook.value("[list(values), job.done()]") == [[0, 1, 2], True]


def test_the_cell_can_catch_it_and_clean_up(notebook: Notebook) -> None:
    interrupt(
        notebook,
        "done = []\n"
        "try:\n    while True: pass\n"
        "except KeyboardInterrupt:\n    done.append('caught')\n"
        "finally:\n    done.append('finally')",
        press_keys,
    )
    assert notebook.error() == ""
    assert notebook.value("done") == ["caught", "finally"]


def test_a_press_that_comes_too_late_stops_no_later_cell(notebook: Notebook) -> None:
    page = notebook.page
    notebook.run("1 + 1")
    press_button(page)
    notebook.run("until = time.monotonic() + 2\nwhile time.monotonic() < until: pass\nlate = 1")
    assert notebook.value("late") == 1


def test_a_kernel_that_computes_alone_is_the_only_one_that_ends(
    notebook: Notebook, pages: Pages, site: str
) -> None:
    other = Notebook(pages.open(f"{site}/lab/index.html"))
    other.run("import time\nn = 0")
    other.start("until = time.monotonic() + 6\nwhile time.monotonic() < until: n += 1")
    interrupt(notebook, "while True: pass")
    assert "KeyboardInterrupt" in notebook.error()
    other.finish()
    assert other.error() == ""


def test_what_does_not_come_back_to_python_is_told_of_with_a_way_out(notebook: Notebook) -> None:
    page = notebook.page
    begin(notebook, "sum(range(10**11))")
    press_button(page)
    expect(page.get_by_text("Python has not stopped yet")).to_be_visible(timeout=PAGE_TIMEOUT)
    page.get_by_role("button", name="Restart Kernel").click()
    assert notebook.value("'kept' in globals()") is False
    notebook.run(START)
    ends_soon(notebook)


def test_on_an_isolated_page_too(pages: Pages, isolated_site: str) -> None:
    notebook = Notebook(isolated_page(pages.open(), isolated_site))
    notebook.run(START)
    page = notebook.page
    late = notebook.lateness()
    begin(notebook, "while True: pass")
    page.wait_for_timeout(1500)  # so long that the next look at seals is ten seconds away
    page.evaluate("() => { URL.revokeObjectURL = () => {}; }")  # so that no seal is broken
    page.evaluate(CLOCK)
    press_button(page)
    took = page.evaluate("() => window.took")
    print(f"with shared memory: the cell ended after {took:.2f} s")
    assert "KeyboardInterrupt" in notebook.error()
    assert took < WITHIN + late
    notebook.run("until = time.monotonic() + 1.6\nwhile time.monotonic() < until: pass")
    for code in BUSY.values():
        ends_soon(notebook, code)


NO_SERVICE_WORKER = "delete Navigator.prototype.serviceWorker;"

#: The page's seals are addresses of nothing, as where a site's policy forbids `blob:`.
NO_SEALS = """
const makeUrl = URL.createObjectURL.bind(URL);
URL.createObjectURL = object => object.size === 0 ? 'blob:nothing' : makeUrl(object);
"""


def without(pages: Pages, site: str, what: str) -> Notebook:
    """A notebook on a page that lacks something."""
    page: Page = pages.open()
    page.add_init_script(what)
    page.goto(f"{site}/lab/index.html")
    return Notebook(page)


def test_a_page_without_a_service_worker_ends_busy_cells_too(pages: Pages, site: str) -> None:
    notebook = without(pages, site, NO_SERVICE_WORKER)
    notebook.run("import time")
    press_button(notebook.page)  # for no cell: it must not hit the next one
    notebook.run("until = time.monotonic() + 2\nwhile time.monotonic() < until: pass")
    ends_soon(notebook)


def test_a_page_whose_seals_nobody_can_see_ends_busy_cells_too(pages: Pages, site: str) -> None:
    ends_soon(without(pages, site, NO_SEALS))


def test_without_a_service_worker_and_seals_the_page_says_that_it_cannot(
    pages: Pages, site: str
) -> None:
    notebook = without(pages, site, NO_SERVICE_WORKER + NO_SEALS)
    page = notebook.page
    begin(notebook, "while True: pass")
    press_button(page)
    expect(page.get_by_text("This page has no service worker")).to_be_visible(timeout=PAGE_TIMEOUT)
    page.get_by_role("button", name="Restart Kernel").click()
    notebook.run("back = 1")
    assert notebook.value("back") == 1


def test_a_notebook_that_is_opened_again_is_as_before(notebook: Notebook) -> None:
    notebook.reopen(keep_kernel=True)
    notebook.run("again = kept")
    ends_soon(notebook)
    notebook.run("again = kept")
