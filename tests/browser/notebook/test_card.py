"""The progress card, as a person sees it in a notebook and as a kernel sends it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import ROOT, Pages
from tests.support.kernel import Kernel
from tests.support.notebook import Notebook
from tests.support.ruined import LATE, ruined_site

SLOW = """
from jupyterlite_pool import pool_map
def slow(n):
    import time
    time.sleep(0.25)
    if n == 5: raise ValueError("five")
    return n
"""

#: Keeps every text that the counts of a card ever show, with the time.
WATCH = """() => {
  window.seen = [];
  const look = () => {
    const text = [...document.querySelectorAll('.jp-pool-counts')].at(-1)?.textContent;
    if (text && text !== window.seen.at(-1)?.text) {
      window.seen.push({ text, at: performance.now() });
    }
  };
  new MutationObserver(look).observe(document.body, {
    subtree: true, childList: true, characterData: true
  });
}"""


@pytest.fixture(scope="module")
def notebook(module_pages: Pages, site: str) -> Notebook:
    """A notebook that the tests share, each with cells of its own."""
    notebook = Notebook(module_pages.open(f"{site}/lab/index.html"))
    notebook.run("from jupyterlite_pool import pool_map\npool_map(abs, [1], progress=False)")
    return notebook


def test_counts_rise_while_the_cell_blocks(notebook: Notebook) -> None:
    page = notebook.page
    page.evaluate(WATCH)
    notebook.start(SLOW + "pool_map(slow, range(16), return_exceptions=True)")
    # The cell is still running as each of these appears.
    page.wait_for_function(
        """() => {
          const counts = new Set(window.seen.map(({ text }) => text.split('/')[0]));
          const prompts = [...document.querySelectorAll('.jp-InputPrompt')];
          return counts.size >= 3 && prompts.some(({ textContent }) => textContent.includes('*'));
        }"""
    )
    notebook.finish()
    seen = page.evaluate("() => window.seen")
    done = [int(entry["text"].split("/")[0]) for entry in seen]
    assert done == sorted(done), "counts only rise"
    assert len(set(done)) >= 3
    # Ten changes a second at most, and those that the page had yet to show when it began to count.
    seconds = (seen[-1]["at"] - seen[0]["at"]) / 1000
    assert len(seen) <= 10 * (seconds + 1) + 3


def test_the_card_says_that_packages_get_to_workers(pages: Pages) -> None:
    with ruined_site(ROOT / "_output") as site:
        notebook = Notebook(pages.open(f"{site.url}/lab/index.html"))
        notebook.run("from jupyterlite_pool import pool_map\npool_map(abs, [1], progress=False)")
        notebook.run("import png\ndef use(n):\n    import png\n    return n")
        site.ruined[".whl"] = LATE
        notebook.start("pool_map(use, range(8), progress=True)")
        card = notebook.cards.last
        expect(card).to_contain_text("◌ preparing workers")
        expect(card).to_contain_text("0/8")
        site.arrived.set()
        expect(card).to_contain_text("✓ done")
        assert any("/pypng-" in path for path in site.asked)


def test_the_card_counts_while_the_items_come_slowly(notebook: Notebook) -> None:
    page = notebook.page
    page.evaluate(WATCH)
    notebook.start(
        "import time\n"
        "def slowly():\n"
        "    for n in range(6):\n"
        "        time.sleep(0.5)\n"
        "        yield n\n"
        "pool_map(abs, slowly(), total=6, label='slowly')"
    )
    expect(notebook.cards.last).to_contain_text("slowly")
    # The total that the user knows. A slow machine may miss any one of the counts.
    expect(notebook.cards.last).to_contain_text(re.compile("[1-5]/6"))
    notebook.finish()
    expect(notebook.cards.last).to_contain_text("✓ done")
    seen = {entry["text"].split(" ")[0] for entry in page.evaluate("() => window.seen")}
    assert "6/6" in seen
    assert len(seen) >= 4, seen


def test_a_job_that_took_too_long_says_so(notebook: Notebook) -> None:
    notebook.start(
        "def endless(n):\n    while n == 2: pass\n    return n\n"
        "pool_map(endless, range(4), timeout=2, chunksize=1)"
    )
    notebook.finish()
    card = notebook.cards.last
    expect(card).to_contain_text("✗ failed")
    expect(card).to_contain_text("3/4")
    expect(card).to_contain_text("1 cancelled")


def test_the_card_says_how_it_ended(notebook: Notebook) -> None:
    notebook.run(SLOW + "pool_map(slow, range(8), return_exceptions=True, label='Orders <b>')")
    card = notebook.cards.last
    expect(card).to_contain_text("Orders <b>")
    expect(card).to_contain_text("⚠ done, with failures")
    expect(card).to_contain_text(re.compile(r"7/8 · .*(/s|an item) · 0:0\d elapsed · 1 failed"))
    bar = card.get_by_role("progressbar")
    assert bar.get_attribute("aria-valuenow") == "8"
    assert "1 failed" in (bar.get_attribute("aria-valuetext") or "")


def test_a_failed_job_says_so(notebook: Notebook) -> None:
    notebook.start(SLOW + "pool_map(slow, range(40))")
    notebook.finish()
    card = notebook.cards.last
    expect(card).to_contain_text("✗ failed")
    expect(card).to_contain_text("1 failed")
    expect(card).to_contain_text("cancelled")


def test_the_final_state_survives_saving_and_reopening(notebook: Notebook) -> None:
    notebook.run(SLOW + "pool_map(slow, range(8), return_exceptions=True)")
    expect(notebook.cards.last).to_contain_text("done")
    before = notebook.cards.all_text_contents()  # JupyterLab lays out only what is in view
    notebook.reopen()
    expect(notebook.cards).to_have_count(len(before))
    assert notebook.cards.all_text_contents() == before
    assert notebook.page.get_by_text("Error displaying widget").count() == 0
    assert notebook.page.get_by_text("Loading widget").count() == 0


def test_a_short_job_has_no_card(kernel: Kernel) -> None:
    kernel.run("from jupyterlite_pool import pool_map\npool_map(abs, [1])")
    # One of them is short, whatever else this machine does.
    shown = [kernel.run("pool_map(abs, range(-20, 0))").cards() for _ in range(8)]
    assert [] in shown


def test_progress_can_be_asked_for_and_turned_off(kernel: Kernel) -> None:
    kernel.run(SLOW)
    asked = kernel.run("pool_map(slow, range(2), progress=True)").cards()
    assert asked[0]["data"]["text/plain"].startswith("slow: ")
    assert (
        kernel.run("pool_map(slow, range(8), progress=False, return_exceptions=True)").cards() == []
    )


def test_at_the_end_the_display_holds_no_widget(kernel: Kernel) -> None:
    kernel.run(SLOW)
    shown = kernel.run("pool_map(slow, range(5), progress=True)").cards()
    widget = "application/vnd.jupyter.widget-view+json"
    assert widget in shown[0]["data"]
    assert widget not in shown[-1]["data"]
    assert shown[-1]["type"] == "update_display_data"
    assert re.match(r"slow: done · 5/5 · .*elapsed$", shown[-1]["data"]["text/plain"])


def test_where_widgets_are_missing_there_is_a_line_of_text(fresh_kernel: Kernel) -> None:
    kernel = fresh_kernel
    kernel.run("import sys; sys.modules['ipywidgets'] = None  # as if it were not installed")
    kernel.run(SLOW + "pool_map(abs, [1])")
    count = "pool_map(slow, [n % 5 for n in range(16)])"
    shown = kernel.run(count).cards()
    assert len(shown) >= 3, "it is kept current"
    assert all(set(output["data"]) == {"text/plain", "text/html"} for output in shown)
    assert shown[-1]["data"]["text/plain"].startswith("slow: done · 16/16")
