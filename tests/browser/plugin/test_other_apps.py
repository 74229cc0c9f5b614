"""The pool in JupyterLite's other applications, as far as each has the place."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.conftest import Pages
from tests.support.meeting import HEAR
from tests.support.panel import Panel, hearing, say

#: Tasks that end when the test says so.
JOB = f"""{HEAR}
from jupyterlite_pool import pool_map
pool_map(hear, ['a'] * 4, chunksize=1, label='listening', progress=True)"""


def errors_of(page: Page) -> list[str]:
    """What goes wrong in the page from now on."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


def test_notebook_7_has_cards_the_menu_and_the_panel(pages: Pages, site: str) -> None:
    page = pages.open()
    errors = errors_of(page)
    page.goto(f"{site}/notebooks/index.html?path=quickstart.ipynb")
    # Before the notebook has its kernel, a cell would not run.
    page.locator(".jp-Toolbar-kernelName", has_text="Python").wait_for()
    cell = page.locator(".jp-CodeCell").first
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(JOB)
    page.keyboard.press("Shift+Enter")
    card = cell.locator(".jp-pool-output").last
    expect(card).to_contain_text("listening", timeout=60_000)
    hearing(page, 2, ".jp-CodeCell")
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator(".lm-Menu-item").filter(has_text="Worker Pool").hover()
    page.locator(".lm-Menu-item").filter(has_text="Open Worker Pool Panel").click()
    panel = Panel(page).is_open()
    say(page, "a")
    expect(panel.bar("listening")).to_have_attribute("aria-valuenow", "2")
    panel.button("Cancel listening").click()
    expect(panel.job("listening")).to_contain_text("cancelled")
    expect(card).to_contain_text("cancelled")
    assert errors == []


def test_the_repl_has_cards_that_cancel(pages: Pages, site: str) -> None:
    page = pages.open()
    errors = errors_of(page)
    page.goto(f"{site}/repl/index.html?kernel=python")
    prompt = page.locator(".jp-CodeConsole-input .cm-content")
    prompt.fill(JOB)
    prompt.press("Shift+Enter")
    card = page.locator(".jp-pool-output").last
    expect(card).to_contain_text("listening", timeout=60_000)
    hearing(page, 2, ".jp-CodeConsole-content")
    card.get_by_role("button", name="Cancel").click()
    expect(card).to_contain_text("cancelled")
    expect(page.locator(".jp-CodeConsole-content")).to_contain_text("KeyboardInterrupt")
    assert errors == []
