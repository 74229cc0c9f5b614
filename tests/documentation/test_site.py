"""The documentation builds without a warning, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.pages import Html, build, local, pages_of

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("documentation") / "html"
    build(target)
    return target


@pytest.fixture(scope="module")
def built(folder: Path) -> dict[Path, Html]:
    return pages_of(folder)


def test_links_of_pages_lead_to_what_is_there(folder: Path, built: dict[Path, Html]) -> None:
    nowhere = []
    for page, html in built.items():
        for link in html.links:
            parts = local(link)
            if parts is None:
                continue
            path, anchor = parts
            target = (page.parent / path).resolve() if path else page
            if target.is_relative_to(folder / "lite") and not (folder / "lite").exists():
                continue  # this machine has not built the site
            found = target.exists()
            if found and anchor and target in built:
                found = anchor in built[target].ids
            if not found:
                nowhere.append(f"{page.relative_to(folder)}: {link}")
    assert nowhere == []


def test_every_page_is_two_clicks_from_the_first_one(built: dict[Path, Html], folder: Path) -> None:
    reached = {folder / "index.html"}
    for _ in range(2):
        for page in [*reached]:
            targets = (local(link) for link in built[page].links)
            paths = {(page.parent / target[0]).resolve() for target in targets if target}
            reached |= paths & built.keys()
    # These are for Sphinx's own search and lists.
    own = {folder / name for name in ("search.html", "genindex.html", "py-modindex.html")}
    assert built.keys() - reached - own == set()


def test_the_reference_shows_signatures_and_docstrings(folder: Path) -> None:
    page = (folder / "reference" / "api.html").read_text("utf-8")
    for words in ("task_timeout", "retry_failed", "Apply a function to every item", "Raises"):
        assert words in page


def test_no_markup_is_left_as_it_was_written(folder: Path, built: dict[Path, Html]) -> None:
    signs = re.compile(r":(?:py:)?\w+:`|\{py:|list-table::|\{[a-z-]+\}`|^:::", re.MULTILINE)
    left = []
    for page in built:
        text = re.sub(r"<pre>.*?</pre>|<code.*?</code>", "", page.read_text("utf-8"), flags=re.S)
        left += [f"{page.relative_to(folder)}: {found}" for found in signs.findall(text)]
    assert left == []


def test_the_parts_that_are_made_from_the_code_are_there(folder: Path) -> None:
    settings = (folder / "reference" / "settings.html").read_text("utf-8")
    assert "Stop idle workers after" in settings
    assert settings.count("<tr") > 5
    names = (folder / "reference" / "index.html").read_text("utf-8")
    assert 'href="api.html#jupyterlite_pool.WorkerPoolExecutor"' in names
    assert "max_tasks_per_child=" in names
    magic = (folder / "magics" / "pool_run.html").read_text("utf-8")
    assert "Run the cell once on every worker" in magic
