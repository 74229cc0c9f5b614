"""*Interrupt Kernel* in Firefox, in a real notebook."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.browser.commands.test_busy import BUSY, START, WITHIN, begin
from tests.support.firefox import FirefoxPage
from tests.support.notebook import Notebook

# Judged by the clock.
pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]

#: Presses, waits for the end of the cell, and says after how many seconds that was.
INTERRUPT = """async () => {
  const began = performance.now();
  await window.jupyterapp.commands.execute('notebook:interrupt-kernel');
  await window.ran;
  return (performance.now() - began) / 1000;
}"""


@pytest.fixture(scope="module")
def notebook(firefox_page: FirefoxPage) -> Notebook:
    notebook = Notebook(cast(Any, firefox_page))
    notebook.run(START)
    return notebook


@pytest.mark.parametrize("kind", BUSY)
def test_a_busy_cell_ends_soon(notebook: Notebook, kind: str) -> None:
    late = notebook.lateness()
    begin(notebook, BUSY[kind])
    took = notebook.page.evaluate(INTERRUPT)
    print(f"{kind}: the cell ended after {took:.2f} s")
    assert "KeyboardInterrupt" in notebook.error()
    assert took < WITHIN + late
    notebook.run("until = time.monotonic() + 1\nwhile time.monotonic() < until: pass")
    assert notebook.value("kept") == "state"
