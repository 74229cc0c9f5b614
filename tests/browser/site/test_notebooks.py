"""The notebooks of the site run from the file, by *Run All Cells*, and show what they say."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.conftest import Pages
from tests.support.notebooks import Cell, all_notebooks, cells_of

#: What a reader finds in the outputs, at the least.
SHOWN = {
    "background-cells": [
        "the job is done: False",
        "6057 primes, the last ones: [59971, 59981, 59999]",
        "stopped: True",
    ],
    "breaking-it": [
        "failed: [3]",
        "TerminatedWorkerError with exit status 7",
        "and the pool goes on: 5050",
        "[0, 1, 2, 3, 4]",
        "the task ran longer than task_timeout=1 s",
        "a browser gives it 4 GB at most",
        "two tasks, two workers: True",
        "cancelled; kept: [0, 1, None, None, None, None]",
        "\n9\n",
    ],
    "images": ["<figcaption>edges", "data:image/png;base64,"],
    "lesson": ["the same answer: True", "[4, 6, 4, 4] 4644 worker"],
    "monte-carlo": [
        "another number of workers, the same results: True",
        "another seed, other results: True",
        "Within the error: True",
        "the same in a loop: True",
    ],
    "parallel-cells": ["30012 = 2 × 2 × 3 × 41 × 61", "[12, 7, 4]", "failed: [2]"],
    "parameter-sweep": ["Peaks of 288 of 288 pairs", "288 pairs. Worst: infection 0.97"],
    "scikit-learn": ["the same scores: True"],
}

#: Seconds that a notebook may take, on two slow cores that other tests use as well.
LIMIT = 100

#: Of each cell with code: its number when it has run, its output as text, and its error.
STATE = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.type === 'code')
  .map(({ model }) => {
    const outputs = Array.from({ length: model.outputs.length }, (_, i) =>
      model.outputs.get(i).toJSON());
    const text = value => [value ?? ''].flat().join('');
    return {
      count: model.executionCount,
      errors: outputs.filter(o => o.output_type === 'error').map(o => o.ename),
      warnings: outputs.filter(o => o.name === 'stderr').map(o => text(o.text)).join(''),
      text: outputs.map(o => text(o.text) + ['text/html', 'text/plain']
        .map(type => text(o.data?.[type])).join('')).join('\\n')
    };
  })"""

#: The quickstart has tests of its own.
NOTEBOOKS = [file for file in all_notebooks() if file.stem != "quickstart"]


@pytest.mark.timeout(200)
@pytest.mark.parametrize("file", NOTEBOOKS, ids=[file.stem for file in NOTEBOOKS])
def test_a_notebook_runs_by_run_all(pages: Pages, site: str, file: Path) -> None:
    # In a profile of its own: JupyterLab opens again what was open.
    page = pages.open(f"{site}/lab/index.html?path={file.name}")
    # Before the notebook and its kernel are there, a click would ask for a kernel.
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.locator(".jp-Toolbar-kernelName", has_text="Python").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    expected = cells_of(file)
    state = finished(page, expected)
    missing = any("ModuleNotFoundError" in name for name in state[0]["errors"])
    if file.stem == "scikit-learn" and missing:
        pytest.skip("scikit-learn comes from Pyodide's CDN, which cannot be reached from here")
    for cell, seen in zip(expected, state, strict=True):
        assert not seen["errors"], f"{cell.name}: {seen['text']}"
        assert seen["count"] is not None, cell.name
        assert seen["warnings"] == "", f"{cell.name}: {seen['warnings']}"
    text = "\n".join(["", *(seen["text"] for seen in state), ""])
    assert [words for words in SHOWN[file.stem] if words not in text] == []


def finished(page: Page, cells: list[Cell]) -> list[dict[str, Any]]:
    """The cells when all have run, or when one has failed that should not."""
    deadline = time.monotonic() + LIMIT
    while True:
        state: list[dict[str, Any]] = page.evaluate(STATE)
        both = list(zip(cells, state, strict=True))
        failed = any(seen["errors"] for seen in state)
        left = [cell.name for cell, seen in both if seen["count"] is None]
        if failed or not left:
            return state
        assert time.monotonic() < deadline, f"these have not run: {left}"
        page.wait_for_timeout(200)


def test_no_notebook_is_overlooked() -> None:
    assert set(SHOWN) == {file.stem for file in NOTEBOOKS}
