"""*Interrupt Kernel*, again and again: none is lost, and none hits the next cell."""

from __future__ import annotations

import itertools
import random

import pytest

from tests.browser.commands.test_busy import BUSY, START, begin, interrupt
from tests.browser.commands.test_interrupt import press_button, press_keys
from tests.conftest import Pages
from tests.faults import SEED
from tests.support.notebook import Notebook

from .conftest import Effort

pytestmark = pytest.mark.alone

#: A cell that computes for this many seconds; then it says that nothing has hit it.
COMPUTES = "until = time.monotonic() + {}\nwhile time.monotonic() < until: pass\nwell = {}"


@pytest.fixture(scope="module")
def notebook(module_pages: Pages, site: str) -> Notebook:
    notebook = Notebook(module_pages.open(f"{site}/lab/index.html"))
    notebook.run(START)
    return notebook


def test_each_press_ends_its_cell_and_no_other(notebook: Notebook, effort: Effort) -> None:
    random.seed(SEED)
    took = []
    presses = itertools.cycle([press_button, press_keys])
    for number in effort.times(50, 0.2, 1):
        for code, press in zip(BUSY.values(), presses, strict=False):
            took.append(interrupt(notebook, code, press))
            assert "KeyboardInterrupt" in notebook.error(), code
            if random.random() < 0.2:
                notebook.run(COMPUTES.format(1, number))
    effort.keep("interrupts of busy cells", pressed=len(took), slowest=max(took))
    assert max(took) < 4  # seconds: so late, the page would have complained


def test_a_press_just_as_a_cell_ends_does_not_hit_the_next(
    notebook: Notebook, effort: Effort
) -> None:
    random.seed(SEED)
    page = notebook.page
    ended = 0
    for number in effort.times(50, 0.1, 3):
        notebook.start(COMPUTES.format(0.9, repr("first")))
        page.wait_for_timeout(900 - random.randint(0, 300))
        press_button(page)
        notebook.finish()
        ended += "KeyboardInterrupt" in notebook.error()
        notebook.run(COMPUTES.format(1.5, number))
        assert notebook.value("well") == number
    effort.keep("presses just as a cell ends", pressed=number + 1, ended=ended)


def test_ten_presses_in_a_row_end_one_cell(notebook: Notebook, effort: Effort) -> None:
    page = notebook.page
    for number in effort.times(20, 0.1, 2):
        notebook.start("while True: pass")
        page.wait_for_timeout(random.randint(0, 1000))
        for _ in range(10):
            press_button(page)
        notebook.finish()
        assert "KeyboardInterrupt" in notebook.error()
        notebook.run(COMPUTES.format(1.5, number))
        assert notebook.value("well") == number


def test_a_page_that_was_loaded_again_ends_its_new_kernel(
    notebook: Notebook, effort: Effort
) -> None:
    for _ in effort.times(10, 0.1, 1):
        page = notebook.page
        notebook.start("while True: pass")
        page.wait_for_timeout(1000)
        page.reload()
        again = Notebook(page)
        again.run(START)
        begin(again, "while True: pass")
        # There are two notebooks now, with a button each.
        page.evaluate("() => void window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
        again.finish()
        assert "KeyboardInterrupt" in again.error()
