"""The pool in an ordinary JupyterLab: seen and used as in JupyterLite, on this machine's cores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.jupyterlab.conftest import WAIT, Lab, OpenLab
from tests.support.lab import OLDER_NAME
from tests.support.notebook import Notebook
from tests.support.panel import Panel, status_item

# States of pools are waited for, which other tests beside these delay.
pytestmark = [pytest.mark.alone, pytest.mark.timeout(180)]

START = (
    WAIT
    + """
from jupyterlite_pool import get_reusable_executor, last_result, pool_map

def fails(n):
    if n == 3:
        raise ValueError(f"no value for {n}")
    return n

executor = get_reusable_executor(2)
list(pool_map(abs, range(4), progress=False))
"""
)

#: Two items that end, and four that do not.
WAITS = "pool_map(wait, ['open'] * 2 + ['shut'] * 4, chunksize=1, label='waits')"

#: What only JupyterLite asks for: the files of workers, and its service worker.
LITE = re.compile(r"/(pool\.json|static/(worker|broker|kernel|interrupt)\.js|api/drive)")


class Seen(NamedTuple):
    """JupyterLab in a browser."""

    page: Page
    #: What has gone wrong.
    problems: list[str]
    #: The URLs that were asked for.
    asked: list[str]


@pytest.fixture(scope="module")
def seen(open_lab: OpenLab) -> Seen:
    problems: list[str] = []
    asked: list[str] = []
    return Seen(open_lab(problems, asked), problems, asked)


@pytest.fixture(scope="module")
def notebook(seen: Seen, lab: Lab) -> Notebook:
    """A notebook that the tests share."""
    lab.open_gate("open")
    notebook = Notebook(seen.page, "python3")
    notebook.run(START)
    return notebook


@pytest.fixture
def panel(notebook: Notebook) -> Iterator[Panel]:
    """The panel, and a pool that has nothing to do."""
    panel = Panel(notebook.page)
    if not panel.region.is_visible():
        panel.open_by_tab()
    expect(panel.workers).to_have_count(2)
    yield panel
    notebook.page.keyboard.press("Escape")


def test_a_card_cancels_its_job_and_keeps_what_has_finished(notebook: Notebook) -> None:
    cancels_by_card(notebook)


def test_so_it_does_with_a_kernel_that_has_no_subshells(open_lab: OpenLab, lab: Lab) -> None:
    lab.open_gate("open")
    problems: list[str] = []
    notebook = Notebook(open_lab(problems, []), OLDER_NAME)
    notebook.run(START + "import ipykernel")
    assert notebook.value("ipykernel.version_info[0]") == 6
    panel = Panel(notebook.page).open_by_tab()
    cancels_by_card(notebook)
    expect(panel.job("waits")).to_contain_text("4 cancelled")
    # Each release has a way of its own to show what comes from another thread.
    notebook.run("%%pool_submit\nprint('in its own cell')")
    cell = notebook.page.locator(".jp-NotebookPanel:visible .jp-CodeCell.jp-mod-active")
    expect(cell.locator(".jp-OutputArea")).to_contain_text("in its own cell")
    assert problems == []


def cancels_by_card(notebook: Notebook) -> None:
    notebook.start(WAITS)
    card = notebook.last_card
    expect(card).to_contain_text("2/6")
    card.get_by_role("button", name="Cancel").click()
    notebook.finish()
    assert notebook.error() == "KeyboardInterrupt"
    expect(card).to_contain_text("cancelled")
    assert notebook.value("[last_result()._job.outcomes.values[n] for n in (0, 1)]") == ["open"] * 2
    notebook.run("print(last_result())")
    assert "2 of 6 done, 0 failed, 4 cancelled" in notebook.printed()


def test_status_item_and_panel_tell_of_a_job_while_its_cell_waits(
    notebook: Notebook, panel: Panel
) -> None:
    item = status_item(notebook.page)
    expect(item).to_have_text("Pool 2/2")
    notebook.start(WAITS)
    expect(item).to_have_text("Pool 2/2 · 33 %")
    expect(panel.bar("waits").first).to_have_attribute("aria-valuenow", "2")
    expect(panel.workers.first).to_contain_text("waits, item")
    expect(notebook.page.locator(".jp-Notebook-ExecutionIndicator").first).to_have_attribute(
        "data-status", "busy"
    )
    panel.button("Cancel waits").click()
    notebook.finish()
    assert notebook.error() == "KeyboardInterrupt"
    expect(item).to_have_text("Pool 2/2")


def test_interrupt_kernel_is_jupyters_own_and_stops_the_job(
    notebook: Notebook, panel: Panel
) -> None:
    notebook.start(WAITS.replace("waits", "interrupted"))
    expect(panel.bar("interrupted")).to_have_attribute("aria-valuenow", "2")
    notebook.page.evaluate("window.panel.sessionContext.session.kernel.interrupt()")
    notebook.finish()
    assert notebook.error() == "KeyboardInterrupt"
    expect(panel.job("interrupted")).to_contain_text("4 cancelled")


def test_the_panel_works_while_the_notebook_computes(notebook: Notebook, panel: Panel) -> None:
    notebook.start(
        "job = pool_map(wait, ['shut'] * 4, chunksize=1, block=False, label='beside')\n"
        "while job._job.active:\n    pass"
    )
    expect(panel.bar("beside")).to_have_attribute("aria-valuenow", "0")
    panel.button("Cancel beside").click()
    notebook.finish()
    assert notebook.error() == ""
    expect(panel.job("beside")).to_contain_text("4 cancelled")


def test_a_traceback_is_two_clicks_away(notebook: Notebook, panel: Panel) -> None:
    notebook.run("pool_map(fails, range(8), return_exceptions=True, chunksize=1, label='failing')")
    job = panel.job("failing")
    job.get_by_text("1 failed item").click()
    job.get_by_role("button", name="Traceback of item 3").click()
    expect(job.locator("pre")).to_contain_text("ValueError: no value for 3")


def test_the_timeline_has_a_bar_for_each_item(notebook: Notebook, panel: Panel) -> None:
    notebook.run("%pool restart\nlist(pool_map(fails, [0, 1, 2] * 4, chunksize=1, label='drawn'))")
    timeline = notebook.page.locator(".jp-pool-timeline-widget")
    expect(timeline).to_contain_text("tasks ran at once on average")
    timeline.get_by_text("As a table").click()
    row = timeline.get_by_role("table").get_by_role("row", name=re.compile("^all "))
    expect(row.get_by_role("cell").first).to_have_text("12")
    chart = notebook.page.get_by_role("application", name=re.compile("^Timeline"))
    assert chart.evaluate(COLOURS) > 1


#: How many colours a canvas has.
COLOURS = """chart => {
  const canvas = chart.matches('canvas') ? chart : chart.querySelector('canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
}"""


def test_the_pool_is_scaled_by_a_dialog(notebook: Notebook, panel: Panel) -> None:
    for count in (1, 2):
        panel.button("Scale…").click()
        dialog = notebook.page.get_by_role("dialog")
        dialog.get_by_role("textbox").fill(str(count))
        dialog.get_by_role("button", name="Scale").click()
        expect(panel.workers).to_have_count(count)


def test_settings_hold_and_those_of_a_browser_are_not_there(
    notebook: Notebook, panel: Panel
) -> None:
    page = notebook.page
    page.evaluate(
        "window.jupyterapp.commands.execute('settingeditor:open', {query: 'Worker Pool'})"
    )
    form = page.locator(".jp-SettingsForm:visible").first
    form.get_by_text("Number of workers", exact=True).wait_for()
    expect(form.get_by_text("Start workers ahead of need")).to_have_count(0)
    expect(form.get_by_text("What Interrupt Kernel stops")).to_have_count(0)
    expect(form.get_by_text("Packages to load ahead")).to_have_count(0)
    box = setting(form, "maxWorkers")
    box.fill("1")
    box.press("Tab")
    expect_setting(notebook, "max_workers", 1)
    page.get_by_role("tab", name=notebook.path).click()
    notebook.run("%pool shutdown\nlist(pool_map(abs, range(4), progress=False))")
    expect(panel.workers).to_have_count(1)
    page.get_by_role("tab", name="Settings", exact=True).click()
    box.fill("2")
    box.press("Tab")
    setting(form, "showStatusItem").click()
    expect_setting(notebook, "max_workers", 2)
    page.get_by_role("tab", name=notebook.path).click()
    notebook.run("%pool shutdown\nlist(pool_map(abs, range(4), progress=False))")
    expect(panel.workers).to_have_count(2)
    expect(status_item(page)).to_be_hidden()
    page.get_by_role("tab", name="Settings", exact=True).click()
    setting(form, "showStatusItem").click()
    page.get_by_role("tab", name=notebook.path).click()
    expect(status_item(page)).to_be_visible()


def setting(form: Locator, name: str) -> Locator:
    return form.locator(f"input[id$='{name}']")


def expect_setting(notebook: Notebook, name: str, value: int) -> None:
    """Wait until a kernel has heard of a setting: what it is told comes beside its cells."""
    notebook.run(
        "from jupyterlite_pool.notebook.page import page\n"
        "until = time.monotonic() + 20\n"
        f"while page.{name} != {value} and time.monotonic() < until:\n    time.sleep(0.01)"
    )
    assert notebook.value(f"page.{name}") == value


def test_cells_run_in_parallel_by_the_menu(notebook: Notebook) -> None:
    page = notebook.page
    page.evaluate(CELLS, [START, "left = sum(range(10))", "right = 7", "print(left * right)"])
    page.evaluate(
        "window.jupyterapp.commands.execute('jupyterlite-pool:run-all-cells-in-parallel')"
    )
    cells = page.locator(".jp-NotebookPanel:visible .jp-CodeCell")
    expect(cells.last.locator(".jp-OutputArea")).to_contain_text("315")
    expect(cells.last.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))
    expect(page.locator(".jp-toast-message, .Toastify__toast")).to_have_count(0)
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.evaluate("window.jupyterapp.shell.currentWidget.context.save()")
    page.evaluate("window.jupyterapp.shell.currentWidget.dispose()")
    page.get_by_role("tab", name=notebook.path).click()


#: Opens a new notebook of these cells; the first one is run, so that the kernel has the package.
CELLS = """async sources => {
  const { commands } = window.jupyterapp;
  const options = { type: 'notebook', path: '' };
  const { path } = await commands.execute('docmanager:new-untitled', options);
  const panel = await commands.execute('docmanager:open', {
    path,
    factory: 'Notebook',
    kernel: { name: 'python3' }
  });
  await panel.context.ready;
  await panel.sessionContext.ready;
  for (const source of sources) {
    await commands.execute('notebook:insert-cell-below');
    panel.content.activeCell.model.sharedModel.setSource(source);
    if (source === sources[0]) {
      await commands.execute('notebook:run-cell');
    }
  }
  return path;
}"""


def test_a_restarted_kernel_is_met_again(notebook: Notebook, panel: Panel) -> None:
    notebook.page.evaluate("window.panel.sessionContext.restartKernel()")
    expect(panel.region).to_contain_text("This notebook has no worker pool yet.")
    notebook.run(START)
    expect(panel.workers).to_have_count(2)


def test_so_is_a_kernel_that_has_died(notebook: Notebook, panel: Panel) -> None:
    notebook.start("os._exit(1)")
    expect(panel.region).to_contain_text("This notebook has no worker pool yet.")
    dismiss = notebook.page.get_by_role("dialog").get_by_role("button", name="Ok")
    if dismiss.is_visible():
        dismiss.click()
    notebook.run(START)
    expect(panel.workers).to_have_count(2)
    assert notebook.value("__import__('jupyterlite_pool').notebook.page.page.widgets") is True


def test_nothing_has_gone_wrong_and_nothing_of_a_browser_was_asked_for(seen: Seen) -> None:
    # JupyterLab's own debugger says so when a kernel restarts.
    others = "Could not restore the debugger state"
    assert [text for text in seen.problems if not text.startswith(others)] == []
    assert [url for url in seen.asked if LITE.search(url)] == []


def test_a_page_that_comes_back_finds_the_job_that_runs(notebook: Notebook, panel: Panel) -> None:
    page = notebook.page
    notebook.start(WAITS)
    expect(panel.bar("waits")).to_have_attribute("aria-valuenow", "2")
    page.evaluate("window.panel.context.save()")
    page.reload()
    panel = Panel(page).is_open()
    expect(panel.bar("waits")).to_have_attribute("aria-valuenow", "2")
    panel.button("Cancel waits").click()
    expect(panel.job("waits")).to_contain_text("4 cancelled")
