"""Panel, timeline and status item for everybody: axe looks at them in each theme."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.conftest import Pages
from tests.support.access import THEMES, change_theme, violations
from tests.support.notebook import Notebook
from tests.support.panel import START, Panel, hearing, say, status_item

#: Jobs of each kind that the panel lists: with failures, cancelled, and one that runs.
JOBS = """
last = pool_map(fails, range(10), return_exceptions=True, label='failing', chunksize=1)
stopped = pool_map(hear, ['a'] * 4, chunksize=1, label='stopped', block=False)
stopped.cancel(running=True)
await settled()
own = WorkerPoolExecutor(1)
"""


@pytest.fixture(scope="module")
def panel(module_pages: Pages, site: str) -> Panel:
    notebook = Notebook(module_pages.open(f"{site}/lab/index.html"))
    notebook.run(START + JOBS)
    job = "pool_map(hear, ['a'] * 6, chunksize=1, label='listening', progress=False)"
    notebook.start(f"running = {job}")
    panel = Panel(notebook.page).open_by_tab()
    hearing(notebook.page, 2)
    panel.job("failing").get_by_text("2 failed items").click()
    panel.job("failing").get_by_role("button", name="Traceback of item 3").click()
    expect(panel.job("failing").locator("pre")).to_contain_text("in fails")
    return panel


def parts(panel: Panel) -> dict[str, Locator]:
    """What is looked at, by name."""
    return {"panel": panel.region, "status item": status_item(panel.page)}


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_in_the_panel_and_the_status_item(panel: Panel, theme: str) -> None:
    change_theme(panel.page, theme)
    found = {name: violations(panel.page, part) for name, part in parts(panel).items()}
    assert found == {name: [] for name in found}


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_in_the_timeline_with_its_table_and_details(
    panel: Panel, theme: str
) -> None:
    page = panel.page
    change_theme(page, theme)
    timeline = page.locator(".jp-pool-timeline-widget")
    table = timeline.get_by_role("table")
    if not table.is_visible():
        timeline.get_by_text("As a table").click()
    details = page.get_by_role("region", name="Details of the item")
    if not details.is_visible():
        timeline.get_by_role("application").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
    expect(details).to_be_visible()
    assert violations(page, timeline) == []


def test_a_job_that_has_ended_is_looked_at_too(panel: Panel) -> None:
    say(panel.page, "a")
    panel.button("Cancel listening").click()
    expect(panel.job("listening")).to_contain_text("cancelled")
    assert violations(panel.page, panel.region) == []
