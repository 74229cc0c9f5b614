"""The item in the status bar: what it says, and when it is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.conftest import Pages
from tests.support.notebook import Notebook
from tests.support.panel import START, Panel, hearing, say, status_item

# States of pools are waited for, which other tests beside these delay.
pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def notebook(module_pages: Pages, site: str) -> Notebook:
    notebook = Notebook(module_pages.open(f"{site}/lab/index.html"))
    notebook.run(START)
    notebook.run("list(pool_map(abs, range(4), progress=False))")
    return notebook


def test_it_says_how_far_the_jobs_are(notebook: Notebook) -> None:
    page = notebook.page
    item = status_item(page)
    expect(item).to_have_text("Pool 2/2")
    notebook.start("last = pool_map(hear, ['d'] * 4, chunksize=1, label='heard')")
    expect(item).to_have_text("Pool 2/2 · 0 %")
    hearing(page, 2)
    say(page, "d")
    expect(item).to_have_text("Pool 2/2 · 50 %")
    expect(item).to_have_attribute("title", lines_with("heard: 2 of 4"))
    expect(item).to_have_attribute("title", lines_with("2 of 2 workers ready, 2 busy"))
    expect(item).to_have_attribute("title", lines_with("Memory of the workers: "))
    hearing(page, 4)
    say(page, "d")
    notebook.finish()
    assert notebook.value("[*last]") == ["end"] * 4
    expect(item).to_have_text("Pool 2/2")


def test_it_says_where_no_cell_waits_for_what_runs(notebook: Notebook) -> None:
    page = notebook.page
    item = status_item(page)
    notebook.run("last = pool_map(hear, ['e'] * 2, block=False, label='alone')")
    expect(item).to_have_text("Pool 2/2 · 0 % · in the background")
    expect(item).to_have_attribute("title", lines_with("No cell waits for these jobs."))
    hearing(page, 2)
    say(page, "e")
    expect(item).to_have_text("Pool 2/2")


def test_it_opens_the_panel_by_click_and_by_key(notebook: Notebook) -> None:
    page = notebook.page
    panel = Panel(page)
    expect(panel.region).to_be_hidden()
    status_item(page).click()
    panel.is_open()
    page.get_by_role("tab", name="Worker Pool", exact=True).click()
    expect(panel.region).to_be_hidden()
    status_item(page).focus()
    page.keyboard.press("Enter")
    panel.is_open()
    page.get_by_role("tab", name="Worker Pool", exact=True).click()


def test_it_is_hidden_where_what_has_the_focus_has_no_pool(notebook: Notebook) -> None:
    page = notebook.page
    expect(status_item(page)).to_be_visible()
    page.get_by_role("menuitem", name="File", exact=True).click()
    page.get_by_role("menuitem", name="New Launcher").click()
    expect(page.locator(".jp-Launcher")).to_be_visible()
    expect(status_item(page)).to_be_hidden()
    page.get_by_role("tab", name=notebook.path).click()
    expect(status_item(page)).to_be_visible()


def test_a_site_can_hide_it(pages: Pages, changed_site: Callable[..., str]) -> None:
    def edit(config: dict[str, Any]) -> None:
        config["settingsOverrides"] = {"jupyterlite-pool:plugin": {"showStatusItem": False}}

    notebook = Notebook(pages.open(f"{changed_site(edit)}/lab/index.html"))
    notebook.run(START + "list(pool_map(abs, range(4), label='unseen'))")
    # The panel has heard of the pool, so the item would be there.
    panel = Panel(notebook.page).open_by_tab()
    expect(panel.job("unseen")).to_be_visible()
    expect(status_item(notebook.page)).to_be_hidden()


def lines_with(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))
