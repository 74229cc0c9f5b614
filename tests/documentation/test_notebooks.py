"""The notebooks run in ordinary Python, as far as threads can do what workers do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from jupyterlite_pool import unregister_joblib_backend
from tests.support.notebooks import FOLDER, all_notebooks, cells_of
from tests.unit.commands.conftest import Notebook

#: They end workers, stop loops, or measure memory, as threads cannot; the browser's test runs them.
FOR_WORKERS = {"breaking-it.ipynb", "background-cells.ipynb", "quickstart.ipynb"}

NOTEBOOKS = all_notebooks()
HERE = [file for file in NOTEBOOKS if file.name not in FOR_WORKERS]


@pytest.mark.parametrize("file", HERE, ids=[file.stem for file in HERE])
def test_a_notebook_runs_from_top_to_bottom(
    notebook: Notebook, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FOLDER)
    try:
        for cell in cells_of(file):
            done = notebook.execute(cell.source)
            assert done.success, f"{cell.name}: {notebook.shown()}"
    finally:
        unregister_joblib_backend()


@pytest.mark.parametrize("file", NOTEBOOKS, ids=[file.stem for file in NOTEBOOKS])
def test_a_notebook_is_kept_without_outputs_and_says_first_what_it_shows(file: Path) -> None:
    read = json.loads(file.read_text("utf-8"))
    first = read["cells"][0]
    assert first["cell_type"] == "markdown"
    assert re.match(r"# .{20,}\n", "".join(first["source"]))
    assert read["metadata"]["kernelspec"]["name"] == "python"
    ids = [cell["id"] for cell in read["cells"]]
    assert len(ids) == len(set(ids))
    for cell in read["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("file", NOTEBOOKS, ids=[file.stem for file in NOTEBOOKS])
def test_links_of_a_notebook_lead_to_notebooks(file: Path) -> None:
    for link in re.findall(r"\]\(([^):]+)\)", file.read_text("utf-8")):
        assert (FOLDER / link).exists(), link
