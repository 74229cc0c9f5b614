"""Cards for everybody: by keyboard, by screen reader, in both themes, small and large."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.conftest import Pages
from tests.support.access import THEMES, change_theme, violations
from tests.support.notebook import Notebook

#: Jobs that end, and one that has items which end only when they are stopped.
JOBS = """
from jupyterlite_pool import pool_map
import time
def nap(n):
    import time
    time.sleep(0.2)
    print('item', n)
    if n == 5: raise ValueError('five')
    return n
def forever(n):
    import time
    if n == 1: raise ValueError('one')
    if n > 7: time.sleep(1000)
    return n
def beside(items, **options):
    return pool_map(forever, items, block=False, chunksize=1, **options)
"""

STATES = {
    "done": "pool_map(nap, range(5), label='Done')",
    "done, with failures": "pool_map(nap, range(8), return_exceptions=True, label='Collected')",
    "failed": "pool_map(nap, range(50), label='Failed')",
    "cancelled": "pool_map(forever, range(2, 99), chunksize=1, label='Stopped')",
    "running": "r = beside(range(99), return_exceptions=True, label='On')",
    "so far": "r = beside(iter(range(2, 99)), label='Unknown total')",
}


@pytest.fixture(scope="module", params=THEMES[:2])
def notebook(module_pages: Pages, site: str, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    notebook = Notebook(module_pages.open(f"{site}/lab/index.html"))
    page = notebook.page
    change_theme(page, request.param)
    notebook.run(JOBS + "pool_map(abs, [1])")
    yield notebook
    page.close()


@pytest.mark.parametrize("state", STATES)
def test_a_card_is_accessible_in_each_state(notebook: Notebook, state: str) -> None:
    page = notebook.page
    before = notebook.cards.count()
    notebook.start(STATES[state])
    expect(notebook.cards).to_have_count(before + 1)
    card = notebook.last_card
    if state == "cancelled":
        card.get_by_role("button", name="Cancel").click()
    expect(card).to_contain_text(state)
    if state in ("running", "so far"):
        expect(card).to_contain_text("7/99" if state == "running" else "6 so far")
    assert violations(page, card) == []
    card.get_by_text("Details").click()
    expect(card.get_by_text("Details")).to_be_visible()
    assert violations(page, card) == []
    if state in ("running", "so far"):
        card.get_by_role("button", name="Cancel").click()
        expect(card).to_contain_text("■ cancelled")


def test_nobody_is_told_how_full_a_bar_of_unknown_size_is(notebook: Notebook) -> None:
    notebook.start(STATES["so far"])
    card = notebook.last_card
    expect(card).to_contain_text("6 so far")
    bar = card.get_by_role("progressbar")
    assert bar.get_attribute("aria-valuenow") is None
    assert "6 so far" in (bar.get_attribute("aria-valuetext") or "")
    card.get_by_role("button", name="Cancel").click()
    expect(card).to_contain_text("■ cancelled")


def test_a_card_is_used_by_the_keyboard_and_keeps_its_height_and_the_focus(
    notebook: Notebook,
) -> None:
    page = notebook.page
    notebook.start(STATES["running"])
    card = notebook.last_card
    expect(card).to_contain_text("7/99")
    height = _height(card)
    cancel = card.get_by_role("button", name="Cancel")
    cancel.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # unfolds the details
    expect(card.get_by_role("cell", name="ValueError: one")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(card).to_contain_text("■ cancelled")
    expect(cancel).to_be_hidden()
    expect(page.locator(".jp-pool-output:focus")).to_be_visible()
    assert abs(_height(card) - height) <= 1


def test_screen_readers_hear_of_the_start_the_first_failure_and_the_end(
    notebook: Notebook,
) -> None:
    notebook.start(STATES["running"])
    card = notebook.last_card
    news = card.get_by_role("status")
    expect(news.filter(has_text="On: an item has failed")).to_have_count(1)
    expect(card).to_contain_text("7/99")
    expect(news.filter(has_text="On: an item has failed")).to_have_count(1)
    card.get_by_role("button", name="Cancel").click()
    expect(news.filter(has_text="On: cancelled, 7/99")).to_have_count(1)


def test_what_is_unfolded_stays_unfolded(notebook: Notebook) -> None:
    notebook.start("pool_map(nap, range(30), return_exceptions=True, label='Unfolded')")
    card = notebook.last_card
    expect(card).to_contain_text("Unfolded")
    card.get_by_text("Details").click()
    expect(card.get_by_text(re.compile(r"worker \d+: item")).first).to_be_visible()
    expect(card).to_contain_text("done, with failures")
    expect(card.get_by_role("cell", name="ValueError: five")).to_be_visible()
    expect(card.get_by_text("The slowest items were")).to_be_visible()


def test_the_title_has_room_in_a_narrow_place(notebook: Notebook) -> None:
    page = notebook.page
    notebook.start(
        "r = pool_map(forever, range(2, 99), block=False, chunksize=1, label='Orders of March')"
    )
    card = notebook.last_card
    expect(card).to_contain_text("6/97")
    card.evaluate("node => { node.parentElement.style.width = '300px'; }")
    title = card.get_by_text("Orders of March", exact=True)
    assert title.evaluate("node => node.scrollWidth <= node.clientWidth")
    height = _height(card)
    assert violations(page, card) == []
    card.get_by_role("button", name="Cancel").click()
    expect(card).to_contain_text("■ cancelled")
    assert abs(_height(card) - height) <= 1


def _height(card: Locator) -> float:
    box = card.bounding_box()
    assert box is not None
    return box["height"]
