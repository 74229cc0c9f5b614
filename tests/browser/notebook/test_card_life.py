"""Cards whose kernel comes and goes, as a person sees them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import PAGE_TIMEOUT, Pages
from tests.support.meeting import HEAR
from tests.support.notebook import Notebook
from tests.support.panel import hearing, say

IMPORT = "from jupyterlite_pool import pool_map\npool_map(abs, [1], progress=False)"

#: Runs for as long as a test looks.
LONG = """
def long(n):
    import time
    time.sleep(0.3)
    return n
pool_map(long, range(4000), label='Long')
"""


@pytest.fixture
def notebook(pages: Pages, site: str) -> Notebook:
    notebook = Notebook(pages.open(f"{site}/lab/index.html"))
    notebook.run(IMPORT)
    return notebook


def expect_gone(page: Page) -> None:
    """The card says what was, and nothing that is not so any more."""
    card = Notebook.last_card_of(page)
    expect(card).to_contain_text("stopped: the kernel is gone", timeout=PAGE_TIMEOUT)
    expect(card).to_contain_text("/4,000")
    expect(card).not_to_contain_text("running")
    expect(card).not_to_contain_text("left")
    expect(card.get_by_role("button")).to_have_count(0)
    for text in ("Loading widget", "Error displaying widget", "model not found"):
        expect(page.get_by_text(text)).to_have_count(0)


def test_after_a_restart_a_card_says_that_the_kernel_is_gone(notebook: Notebook) -> None:
    page = notebook.page
    notebook.start(LONG)
    expect(notebook.cards.last).to_contain_text("▶ running")
    expect(notebook.last_card.get_by_role("button", name="Cancel")).to_be_visible()
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("^Restart Kernel…")).first.click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    expect_gone(page)
    # Cards of the next kernel live.
    notebook.run(IMPORT)
    notebook.run("import time\npool_map(time.sleep, [0.4] * 4, label='Next', progress=True)")
    expect(notebook.cards.last).to_contain_text("✓ done")
    expect(notebook.cards.filter(has_text="Long")).to_contain_text("the kernel is gone")


def test_a_notebook_that_is_saved_while_a_job_runs_says_later_what_was(
    notebook: Notebook, site: str
) -> None:
    page = notebook.page
    notebook.start(LONG)
    expect(notebook.cards.last).to_contain_text("▶ running")
    page.evaluate("() => window.panel.context.save()")
    page.goto(f"{site}/lab/index.html?path={notebook.path}")
    expect_gone(page)


def test_a_card_that_was_opened_again_says_how_its_job_has_ended(notebook: Notebook) -> None:
    notebook.run(f"{HEAR}\njob = pool_map(hear, ['go on'] * 2, label='Open', block=False)")
    expect(notebook.cards.last).to_contain_text("▶ finishing")
    hearing(notebook.page, 2)
    notebook.reopen(keep_kernel=True)
    card = notebook.last_card
    expect(card).to_contain_text("▶ finishing", timeout=PAGE_TIMEOUT)
    say(notebook.page, "go on")
    expect(card).to_contain_text("✓ done", timeout=PAGE_TIMEOUT)
    expect(card).to_contain_text("2/2")
    expect(card.get_by_role("button")).to_have_count(0)


def test_an_interrupt_is_seen_on_the_card(notebook: Notebook) -> None:
    notebook.start(LONG)
    card = notebook.last_card
    expect(card).to_contain_text("▶ running")
    notebook.page.get_by_role("button", name="Interrupt the kernel").click()
    expect(card).to_contain_text("■ cancelled")
    notebook.finish()
    assert "KeyboardInterrupt" in notebook.error()
