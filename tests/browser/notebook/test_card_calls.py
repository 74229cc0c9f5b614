"""Cards of what takes long and is no `pool_map`."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.conftest import Pages
from tests.support.notebook import Notebook

NAP = """
from jupyterlite_pool import get_reusable_executor
def nap(n):
    import time
    time.sleep(0.2)
    if n == 3: raise ValueError("three")
    return n
"""


@pytest.fixture(scope="module")
def notebook(module_pages: Pages, site: str) -> Notebook:
    notebook = Notebook(module_pages.open(f"{site}/lab/index.html"))
    notebook.run("from jupyterlite_pool import pool_map\npool_map(abs, [1])" + NAP)
    return notebook


def test_many_calls_of_one_cell_have_one_card(notebook: Notebook) -> None:
    before = notebook.cards.count()
    notebook.start(
        "executor = get_reusable_executor()\n"
        "futures = [executor.submit(nap, n) for n in range(16)]\n"
        "import concurrent.futures\n"
        "concurrent.futures.wait(futures)"
    )
    expect(notebook.cards).to_have_count(before + 1)
    card = notebook.last_card
    expect(card).to_contain_text("nap")
    expect(card).to_contain_text("⚠ done, with failures")
    expect(card).to_contain_text("15/16")
    card.get_by_text("Details").click()
    expect(card.get_by_role("cell", name="ValueError: three")).to_be_visible()
    assert notebook.cards.count() == before + 1


def test_values_that_are_read_count(notebook: Notebook) -> None:
    notebook.start(
        "list(get_reusable_executor().map(abs, [0]))\nimport time\n"
        "sum(1 for _ in get_reusable_executor().map(time.sleep, [0.2] * 12))"
    )
    expect(notebook.cards.last).to_contain_text("sleep")
    expect(notebook.cards.last).to_contain_text("✓ done")
    expect(notebook.cards.last).to_contain_text("12/12")


def test_calls_are_cancelled_by_the_button(notebook: Notebook) -> None:
    notebook.start(
        "import time\n"
        "slow = [get_reusable_executor().submit(time.sleep, 0.5) for _ in range(400)]\n"
        "slow[-1].result()"
    )
    card = notebook.last_card
    expect(card).to_contain_text("/400")
    card.get_by_role("button", name="Cancel").click()
    expect(card).to_contain_text("■ cancelled")
    notebook.finish()
    assert "CancelledError" in notebook.error()


def test_an_executor_can_have_no_cards(notebook: Notebook) -> None:
    before = notebook.cards.count()
    notebook.run(
        "from jupyterlite_pool import WorkerPoolExecutor\nimport time\n"
        "with WorkerPoolExecutor(1, progress=False) as quiet:\n"
        "    quiet.submit(time.sleep, 1).result()\n"
        "    list(quiet.map(time.sleep, [0.5, 0.5]))"
    )
    assert notebook.cards.count() == before


def test_a_pool_of_multiprocessing_has_cards(notebook: Notebook) -> None:
    notebook.run(
        "import jupyterlite_pool, multiprocessing, time\njupyterlite_pool.install()\n"
        "with multiprocessing.Pool(2) as pool: pool.map(time.sleep, [0.3] * 8, chunksize=1)\n"
        "jupyterlite_pool.uninstall()"
    )
    expect(notebook.cards.last).to_contain_text("✓ done")
    expect(notebook.cards.last).to_contain_text("8/8")
