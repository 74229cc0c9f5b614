"""The panel of the worker pool: found, read and used by a person."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Pages
from tests.support.notebook import Notebook
from tests.support.panel import (
    RESTORED,
    START,
    Panel,
    choose_in_palette,
    counts_of,
    hearing,
    say,
)

# States of pools are waited for, which other tests beside these delay.
pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def shared(module_pages: Pages, site: str) -> Notebook:
    notebook = Notebook(module_pages.open(f"{site}/lab/index.html"))
    notebook.run(START)
    notebook.run("list(pool_map(abs, range(4), progress=False))")
    Panel(notebook.page).open_by_tab()
    return notebook


@pytest.fixture
def panel(shared: Notebook) -> Panel:
    shared.run("await settled()\nexecutor = get_reusable_executor()")
    panel = Panel(shared.page)
    expect(panel.workers).to_have_count(2)
    return panel


@pytest.fixture
def notebook(shared: Notebook, panel: Panel) -> Notebook:
    return shared


def test_a_notebook_without_a_pool_is_told_how_to_start_one(pages: Pages, site: str) -> None:
    page = pages.open(f"{site}/lab/index.html")
    panel = Panel(page).open_by_palette()
    expect(panel.region).to_contain_text("Open a notebook to see its worker pool.")
    notebook = Notebook(page)
    # The pool is started ahead; after its end there is none.
    notebook.run("import jupyterlite_pool\njupyterlite_pool.get_reusable_executor()")
    expect(panel.workers).to_have_count(2)
    notebook.run("%pool shutdown")
    expect(panel.region).to_contain_text("This notebook has no worker pool yet.")
    expect(panel.button("Restart")).to_be_hidden()


def test_a_job_is_watched_and_cancelled_while_its_cell_waits(
    notebook: Notebook, panel: Panel
) -> None:
    page = notebook.page
    notebook.start("pool_map(hear, ['a'] * 6, chunksize=1, label='listening')")
    bar = panel.bar("listening")
    expect(bar).to_have_attribute("aria-valuetext", "running, 0 of 6")
    expect(panel.workers.first).to_contain_text("listening, item")
    expect(panel.workers.first).to_contain_text("busy")
    hearing(page, 2)
    say(page, "a")
    expect(bar).to_have_attribute("aria-valuenow", "2")
    panel.button("Cancel listening").click()
    notebook.finish()
    assert "KeyboardInterrupt" in notebook.error()
    expect(panel.job("listening")).to_contain_text("cancelled")
    notebook.run("from jupyterlite_pool import last_result\nlast = last_result()")
    assert counts_of(notebook) == [2, 0, 4]
    expect(bar).to_have_attribute("aria-valuetext", "cancelled, 6 of 6")
    expect(panel.job("listening")).to_contain_text("4 cancelled")
    expect(panel.button("Cancel listening")).to_have_count(0)


def test_a_traceback_is_two_clicks_away(notebook: Notebook, panel: Panel) -> None:
    notebook.run(
        "last = pool_map(fails, range(10), return_exceptions=True, label='failing', chunksize=1)"
    )
    assert counts_of(notebook) == [8, 2, 0]
    job = panel.job("failing")
    expect(panel.bar("failing")).to_have_attribute(
        "aria-valuetext", "done, with failures, 10 of 10, 2 failed"
    )
    job.get_by_text("2 failed items").click()
    expect(job).to_contain_text("Item 3")
    expect(job).to_contain_text("ValueError: no value for 3")
    job.get_by_role("button", name="Traceback of item 3").click()
    expect(job.locator("pre")).to_contain_text("in fails")
    job.get_by_role("button", name="Traceback of item 3").click()
    expect(job.locator("pre")).to_have_count(0)


def test_a_traceback_is_found_by_keys_alone(notebook: Notebook, panel: Panel) -> None:
    notebook.run("last = pool_map(fails, [3], return_exceptions=True, label='one fails')")
    summary = panel.job("one fails").get_by_text("1 failed item")
    summary.focus()
    notebook.page.keyboard.press("Enter")
    notebook.page.keyboard.press("Tab")
    notebook.page.keyboard.press("Enter")
    expect(panel.job("one fails").locator("pre")).to_contain_text("ValueError: no value for 3")


def test_the_pool_is_scaled_by_a_dialog(notebook: Notebook, panel: Panel) -> None:
    page = notebook.page
    panel.button("Scale…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("1")
    dialog.get_by_role("button", name="Scale").click()
    expect(panel.workers).to_have_count(1)
    assert notebook.value("executor.max_workers") == 1
    choose_in_palette(page, "Scale Worker Pool…")
    dialog.get_by_role("textbox").fill("2")
    page.keyboard.press("Enter")
    expect(panel.workers).to_have_count(2)
    assert notebook.value("executor.max_workers") == 2


def test_a_restart_asks_first_if_a_job_runs(notebook: Notebook, panel: Panel) -> None:
    page = notebook.page
    notebook.start("pool_map(hear, ['b'] * 2, label='in the way')")
    hearing(page, 2)
    panel.button("Restart").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("in the way")
    dialog.get_by_role("button", name="Restart").click()
    notebook.finish()
    assert "TerminatedWorkerError" in notebook.error()
    expect(panel.workers).to_have_count(2)
    expect(panel.workers.first).to_contain_text("idle")
    expect(panel.workers.last).to_contain_text("idle")
    expect(panel.job("in the way")).to_contain_text("failed")
    assert notebook.value("[*pool_map(abs, [-1])]") == [1]


def test_a_worker_that_is_lost_has_a_successor(notebook: Notebook, panel: Panel) -> None:
    notebook.run(
        "def ends(n):\n    if n == 1: os._exit(3)\n    return n\n"
        "last = pool_map(ends, range(4), return_exceptions=True, chunksize=1, label='lossy')"
    )
    assert counts_of(notebook) == [3, 1, 0]
    expect(panel.bar("lossy")).to_have_attribute(
        "aria-valuetext", "done, with failures, 4 of 4, 1 failed"
    )
    expect(panel.workers).to_have_count(2)
    ids = notebook.value("sorted(worker.id for worker in executor.status().workers)")
    shown = [int(text) for text in panel.workers.get_by_role("rowheader").all_text_contents()]
    assert shown == ids


def test_all_jobs_are_cancelled_from_the_menu(notebook: Notebook, panel: Panel) -> None:
    page = notebook.page
    notebook.run(
        "one = pool_map(hear, ['c'], block=False, label='first')\ncall = executor.submit(hear, 'c')"
    )
    expect(panel.bar("Calls of hear")).to_have_attribute("aria-valuetext", "running, 0 of 1")
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator(".lm-Menu-item").filter(has_text="Worker Pool").hover()
    page.locator(".lm-Menu-item").filter(has_text="Cancel All Jobs").click()
    expect(panel.job("first")).to_contain_text("cancelled")
    expect(panel.job("Calls of hear")).to_contain_text("cancelled")
    assert notebook.value("[one.done(), call.cancelled()]") == [True, True]


def test_an_executor_of_the_notebook_has_its_name_and_its_own_buttons(
    notebook: Notebook, panel: Panel
) -> None:
    notebook.run("mine = WorkerPoolExecutor(1)\nmine.submit(abs, -1).result()")
    expect(panel.region.get_by_role("table", name="Workers of mine")).to_contain_text("idle")
    panel.button("Scale mine…").click()
    dialog = notebook.page.get_by_role("dialog")
    expect(dialog).to_contain_text("How many workers shall mine have?")
    dialog.get_by_role("button", name="Cancel").click()
    notebook.run("mine.shutdown(); del mine")
    expect(panel.region.get_by_role("table", name="Workers of mine")).to_have_count(0)


def test_while_the_notebook_computes_the_last_state_has_its_age(
    notebook: Notebook, panel: Panel
) -> None:
    notebook.start("until = time.monotonic() + 7\nwhile time.monotonic() < until: pass")
    expect(panel.region).to_contain_text(re.compile(r"This is how it was 0:0\d ago"))
    expect(panel.workers).to_have_count(2)
    notebook.finish()
    expect(panel.region).not_to_contain_text("This is how it was")


def test_it_follows_the_notebook_that_has_the_focus(pages: Pages, site: str) -> None:
    page = pages.open(f"{site}/lab/index.html")
    one = Notebook(page)
    one.run(START + "list(pool_map(abs, range(3), label='of the first'))")
    panel = Panel(page).open_by_tab()
    expect(panel.job("of the first")).to_be_visible()
    other = Notebook(page)
    other.run(START + "list(pool_map(abs, range(3), label='of the other'))")
    expect(panel.job("of the other")).to_be_visible()
    expect(panel.job("of the first")).to_have_count(0)
    page.get_by_role("tab", name=one.path).click()
    expect(panel.job("of the first")).to_be_visible()


def test_a_kernel_that_restarts_has_nothing_of_before(pages: Pages, site: str) -> None:
    page = pages.open(f"{site}/lab/index.html")
    notebook = Notebook(page)
    panel = Panel(page).open_by_tab()
    notebook.run(START + "list(pool_map(abs, range(3), label='of before'))")
    expect(panel.job("of before")).to_be_visible()
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("^Restart Kernel…")).first.click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    expect(panel.job("of before")).to_have_count(0)
    expect(panel.workers).to_have_count(2)  # they are started ahead


def test_the_panel_of_what_runs_has_the_pools(notebook: Notebook, panel: Panel) -> None:
    page = notebook.page
    page.get_by_role("tab", name=re.compile("Running")).click()
    item = page.get_by_role("region", name="Worker Pools Section").get_by_role("treeitem")
    expect(item).to_contain_text(f"{notebook.path}: Shared pool")
    expect(item).to_contain_text("Pool 2/2")
    page.get_by_role("tab", name="Worker Pool", exact=True).click()
    panel.open_by_tab()


def test_its_content_is_loaded_when_it_is_first_opened(page_of_its_own: Page) -> None:
    page = page_of_its_own
    loaded = "() => performance.getEntriesByType('resource').map(({ name }) => name)"
    before = set(page.evaluate(loaded))
    Panel(page).open_by_tab()
    expect(page.locator(".jp-pool-panel")).to_be_visible()
    more = set(page.evaluate(loaded)) - before
    assert any("/extensions/jupyterlite-pool/" in name for name in more)


@pytest.fixture
def page_of_its_own(pages: Pages, site: str) -> Page:
    page = pages.open(f"{site}/lab/index.html")
    page.evaluate(RESTORED)
    expect(page.get_by_role("tab", name="Worker Pool", exact=True)).to_be_visible()
    return page
