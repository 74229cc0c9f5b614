"""A notebook opened in JupyterLab, driven as a person would."""

from __future__ import annotations

import json
import time
from typing import Any

from playwright.sync_api import Locator, Page

from tests.support.tally import tally

OPEN = """async name => {
  while (!window.jupyterapp?.serviceManager.kernelspecs?.specs?.kernelspecs?.[name]) {
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  const { commands, restored } = window.jupyterapp;
  await restored;
  const options = { type: 'notebook', path: '' };
  const { path } = await commands.execute('docmanager:new-untitled', options);
  const panel = await commands.execute('docmanager:open', {
    path,
    factory: 'Notebook',
    kernel: { name }
  });
  await panel.context.ready;
  await panel.sessionContext.ready;
  window.panel = panel;
  return path;
}"""

RUN = """async code => {
  const { commands } = window.jupyterapp;
  const { content } = window.panel;
  await commands.execute('notebook:insert-cell-below');
  content.activeCell.model.sharedModel.setSource(code);
  window.ran = commands.execute('notebook:run-cell');
}"""

REOPEN = """async ([path, keep]) => {
  const { commands } = window.jupyterapp;
  await window.panel.context.save();
  if (!keep) {
    await window.panel.sessionContext.shutdown();
  }
  window.panel.dispose();
  const panel = await commands.execute('docmanager:open', { path, factory: 'Notebook' });
  await panel.context.ready;
  if (keep) {
    await panel.sessionContext.ready;
  }
  window.panel = panel;
}"""


OUTPUTS = """() => {
  const { outputs } = window.panel.content.activeCell.model;
  return Array.from({ length: outputs.length }, (_, i) => outputs.get(i).toJSON());
}"""


class Notebook:
    """A new notebook with a kernel of its own."""

    def __init__(self, page: Page, kernel: str = "python") -> None:
        self.page = page
        tally.kernels += 1
        self.path: str = page.evaluate(OPEN, kernel)

    def start(self, code: str) -> None:
        """Run a new cell, and do not wait for its end."""
        self.page.evaluate(RUN, code)

    def finish(self) -> None:
        """Wait for the end of the cell that was started last, whatever that is."""
        self.page.evaluate("() => window.ran")

    def run(self, code: str) -> None:
        """Run a new cell that must succeed to its end."""
        self.start(code)
        self.finish()
        assert self.error() == "", f"{self.error()}: {code}"

    def lateness(self) -> float:
        """Seconds by which something may be late here: five times those of a cell of nothing."""
        began = time.monotonic()
        self.run("pass")
        return 5 * (time.monotonic() - began)

    def printed(self) -> str:
        """What the last cell has printed."""
        streams = [output for output in self.page.evaluate(OUTPUTS) if "name" in output]
        return "".join("".join(output["text"]) for output in streams)

    def value(self, expression: str) -> Any:
        """The value of an expression, as JSON carries it."""
        self.run(f"import json; print(json.dumps({expression}))")
        return json.loads(self.printed())

    def error(self) -> str:
        """The class of the error that the last cell ended with; nothing where it ended well."""
        outputs = self.page.evaluate(OUTPUTS)
        return "".join(o["ename"] for o in outputs if o["output_type"] == "error")

    def reopen(self, keep_kernel: bool = False) -> None:
        """Save the notebook, close it, with or without its kernel, and open it again."""
        self.page.evaluate(REOPEN, [self.path, keep_kernel])

    @property
    def last_card(self) -> Locator:
        """The last progress card with its button and what it unfolds."""
        return self.last_card_of(self.page)

    @staticmethod
    def last_card_of(page: Page) -> Locator:
        """The last progress card of a page."""
        outputs = page.locator(".jp-OutputArea-output:visible")
        return outputs.filter(has=page.locator(".jp-pool-card")).last

    @property
    def cards(self) -> Locator:
        """The progress cards that can be seen."""
        return self.page.locator(".jp-pool-card:visible")
