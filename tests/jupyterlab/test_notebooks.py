"""Our notebooks run unchanged in an ordinary JupyterLab."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import expect

from tests.conftest import ROOT
from tests.jupyterlab.conftest import Lab, OpenLab

pytestmark = [pytest.mark.alone, pytest.mark.timeout(180)]

#: Opens a notebook, waits until it has a kernel, and runs all its cells.
RUN_ALL = """path => {
const runAll = async () => {
  while (!window.jupyterapp?.serviceManager.kernelspecs?.specs) {
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  const { commands, restored } = window.jupyterapp;
  await restored;
  const panel = await commands.execute('docmanager:open', { path, factory: 'Notebook' });
  await panel.context.ready;
  await panel.sessionContext.ready;
  await commands.execute('notebook:run-all-cells');
  return panel.content.widgets
    .filter(cell => cell.model.type === 'code')
    .map(cell => [
      cell.model.executionCount,
      cell.model.outputs.toJSON().map(output => output.ename ?? output.name ?? output.output_type)
    ]);
};
window.ran = runAll();
}"""


@pytest.mark.parametrize("name", ["quickstart", "parallel-cells"])
def test_it_runs_from_top_to_bottom(name: str, lab: Lab, open_lab: OpenLab) -> None:
    shutil.copytree(ROOT / "notebooks", lab.notebooks, dirs_exist_ok=True)
    problems: list[str] = []
    page = open_lab(problems, [])
    page.evaluate(RUN_ALL, f"{name}.ipynb")
    # The notebook was saved with JupyterLite's kernel, so JupyterLab asks, and offers its own.
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    cells = page.evaluate("() => window.ran")
    assert [count for count, _ in cells] == list(range(1, len(cells) + 1))
    kinds = {kind for _, kinds in cells for kind in kinds}
    assert kinds <= {"stdout", "execute_result", "display_data"}, cells
    if name == "quickstart":
        expect(page.locator(".jp-NotebookPanel")).to_contain_text("Same results: True")
    assert problems == []
