"""The worker pool in JupyterLab's page, used as a person uses it."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Error, Locator, Page, expect

from tests.support.kernel import Evaluates
from tests.support.meeting import HEAR
from tests.support.notebook import Notebook

#: Tasks that end when the test says so.
START = f"""{HEAR}
import asyncio, json, os, time
from jupyterlite_pool import WorkerPoolExecutor, get_reusable_executor, pool_map

executor = get_reusable_executor()

def fails(n):
    if n % 5 == 3:
        raise ValueError(f"no value for {{n}}")
    return n

async def settled():
    while executor._pool.dispatcher.unfinished():
        await asyncio.sleep(0.01)
"""

#: Says a word to all tasks that hear.
SAY = """([channel, word]) => {
  const own = new BroadcastChannel(channel);
  own.postMessage(word);
  own.close();
}"""

#: Milliseconds in which a palette is there, and an item of it.
PALETTE = 5_000

#: Whether this many tasks have said that they run. A card that appears parts what they print.
HEARS = """([where, tasks]) => {
  const printed = '[data-mime-type="application/vnd.jupyter.stdout"]';
  const parts = document.querySelectorAll(`${where} ${printed}`);
  const text = [...parts].map(part => part.textContent).join();
  return text.split('runs now').length > tasks;
}"""


#: Is done when JupyterLab has laid out its page. What it lays out then closes menus and sidebars.
RESTORED = """async () => {
  while (!window.jupyterapp) {
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  await window.jupyterapp.restored;
}"""


def say(page: Evaluates, channel: str, word: str = "end") -> None:
    page.evaluate(SAY, [channel, word])


def hearing(page: Page, tasks: int, where: str = ".jp-Cell.jp-mod-active") -> None:
    """Wait until this many tasks of the last cell hear, or of cells elsewhere."""
    page.wait_for_function(HEARS, arg=[where, tasks], timeout=20_000)


def status_item(page: Page) -> Locator:
    """The item in the status bar, where it is shown."""
    return page.locator("#jp-main-statusbar").get_by_role("button", name=re.compile("^Pool "))


class Panel:
    """The panel in the sidebar."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.region = page.get_by_role("region", name="Worker Pool", exact=True)

    def open_by_tab(self) -> Panel:
        self.page.get_by_role("tab", name="Worker Pool", exact=True).click()
        return self.is_open()

    def open_by_palette(self) -> Panel:
        choose_in_palette(self.page, "Open Worker Pool Panel")
        return self.is_open()

    def is_open(self) -> Panel:
        expect(self.region).to_be_visible()
        return self

    def button(self, name: str) -> Locator:
        return self.region.get_by_role("button", name=name, exact=True)

    @property
    def workers(self) -> Locator:
        """The rows of workers of the shared pool."""
        table = self.region.get_by_role("table", name="Workers of Shared pool")
        return table.get_by_role("row").filter(has=self.page.get_by_role("rowheader"))

    def job(self, name: str) -> Locator:
        """The line of a job."""
        item = self.region.get_by_role("listitem")
        return item.filter(has=self.page.get_by_role("progressbar", name=name, exact=True))

    def bar(self, name: str) -> Locator:
        return self.region.get_by_role("progressbar", name=name, exact=True)


def choose_in_palette(page: Page, name: str) -> None:
    """Choose a command in the palette, and again if the menu or the palette closes before that.

    They close when they lose the focus, and an application that has just been opened gives the
    focus to its first document some time later.
    """
    # The palette of an application that has just been opened may not have our commands yet.
    expect(page.get_by_role("tab", name="Worker Pool", exact=True)).to_be_visible()
    item = page.locator(".lm-CommandPalette-item").filter(has_text=name).first
    for tries_left in reversed(range(5)):
        view = page.get_by_role("menuitem", name="View", exact=True)
        opens = page.get_by_role("menuitem", name=re.compile("^Activate Command Palette"))
        box = page.get_by_placeholder("SEARCH", exact=True).locator("visible=true").last
        try:
            view.click(timeout=PALETTE)
            opens.click(timeout=PALETTE)
            box.fill(name, timeout=PALETTE)
            item.click(timeout=PALETTE)
            return
        except Error:  # it took too long
            if not tries_left:
                raise


def counts_of(notebook: Notebook) -> Any:
    """What the pool itself says of its last job: done, failed, cancelled."""
    return notebook.value(
        "[len(last._job.outcomes.values), len(last._job.outcomes.failures), "
        "len(last._job.outcomes.cancelled)]"
    )
