"""The code of the pages runs, and prints what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyterlite_pool import WorkerPoolExecutor, unregister_joblib_backend
from tests.support.blocks import BROWSER, NATIVE, ROOT, Block, blocks_of, pages
from tests.unit.commands.conftest import Notebook

#: Pages whose code has a test of its own.
ELSEWHERE = {ROOT / "docs" / "porting.md": "tests/browser/stand_ins/test_porting.py"}

#: The workers are threads of this process here: they share one stream of random numbers, and
#: pyplot in two threads at once destroys memory.
UNSAFE = ("seed=", "pyplot")

ALL = [block for page in pages() for block in blocks_of(page)]
PAGES = sorted({block.page for block in ALL if block.native})


@pytest.fixture(autouse=True)
def _joblib_as_it_was() -> Iterator[None]:
    yield
    unregister_joblib_backend()


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_the_code_of_a_page_runs_and_prints_what_it_says(
    notebook: Notebook,
    pool: WorkerPoolExecutor,
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks_of(page):
        if block.native and (block.place == NATIVE or page not in ELSEWHERE):
            pool.scale(1 if any(word in block.first + block.code for word in UNSAFE) else 2)
            check(notebook, block)


def check(notebook: Notebook, block: Block) -> None:
    """Run a block after what it takes for granted, and compare."""
    notebook.run(block.first)
    notebook.shown()
    done = notebook.execute(block.code)
    shown = notebook.shown()
    error = done.error_before_exec or done.error_in_exec
    assert (type(error).__name__ if error else "") == block.raises, f"{block}: {shown}"
    printed = [line for line in shown.splitlines() if line]
    if not block.raises:
        assert [line for line in printed if line in block.said] == block.said, f"{block}: {shown}"


@pytest.mark.parametrize("block", [b for b in ALL if b.language == "py"], ids=str)
def test_code_that_no_test_runs_says_where_it_runs(block: Block) -> None:
    assert block.place not in ("", BROWSER)


@pytest.mark.parametrize("block", [b for b in ALL if b.language == "json"], ids=str)
def test_json_can_be_read(block: Block) -> None:
    json.loads(block.code)


def test_a_block_that_prints_something_else_is_noticed(notebook: Notebook) -> None:
    [block] = (
        Block(ROOT / "README.md", 1, "python", code, "n = 1", "", "")
        for code in ["print(n + 1)  # 3\n"]
    )
    with pytest.raises(AssertionError, match=r"README\.md:1"):
        check(notebook, block)


def test_the_pages_with_a_test_of_their_own_have_it() -> None:
    for test in ELSEWHERE.values():
        assert (ROOT / test).exists()


def test_no_mark_is_overlooked() -> None:
    # A mark that does not stand right above its block would do nothing.
    for page in pages():
        marks = page.read_text("utf-8").count("<!-- runs in: ")
        assert marks == sum(1 for block in blocks_of(page) if block.place), page
