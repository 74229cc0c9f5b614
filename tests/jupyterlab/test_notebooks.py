"""Our notebooks run unchanged in an ordinary JupyterLab."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import expect

from tests.conftest import ROOT
from tests.jupyterlab.conftest import Lab, OpenLab

pytestmark = [pytest.mark.alone, pytest.mark.timeout(180)]

#: Opens a notebook, with a kernel of JupyterLab's own choice, and runs all its cells.
RUN_ALL = """async path => {
  while (!window.jupyterapp?.serviceManager.kernelspecs?.specs) {
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  const { commands, restored } = window.jupyterapp;
  await restored;
  const options = { path, factory: 'Notebook', kernel: { name: 'python3' } };
  const panel = await commands.execute('docmanager:open', options);
  await panel.context.ready;
  await panel.sessionContext.ready;
  await commands.execute('notebook:run-all-cells');
  return panel.content.widgets
    .filter(cell => cell.model.type === 'code')
    .map(cell => [
      cell.model.executionCount,
      cell.model.outputs.toJSON().map(output => output.ename ?? output.name ?? output.output_type)
    ]);
}"""


@pytest.mark.parametrize(
    "name", [pytest.param("quickstart", marks=pytest.mark.long), "parallel-cells"]
)
def test_it_runs_from_top_to_bottom(name: str, lab: Lab, open_lab: OpenLab) -> None:
    shutil.copytree(ROOT / "notebooks", lab.notebooks, dirs_exist_ok=True)
    problems: list[str] = []
    page = open_lab(problems, [])
    cells = page.evaluate(RUN_ALL, f"{name}.ipynb")
    assert [count for count, _ in cells] == list(range(1, len(cells) + 1))
    kinds = {kind for _, kinds in cells for kind in kinds}
    assert kinds <= {"stdout", "execute_result", "display_data"}, cells
    if name == "quickstart":
        expect(page.locator(".jp-NotebookPanel")).to_contain_text("Same results: True")
    assert problems == []
