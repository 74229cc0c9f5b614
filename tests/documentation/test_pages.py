"""The pages: their links lead somewhere, and what they say of the code is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import jupyterlite_pool
from jupyterlite_pool import errors, testing
from jupyterlite_pool.commands.magic_lines import MAGICS
from tests.support.blocks import ROOT, pages

DOCS = ROOT / "docs"

PAGES = pages()

_LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)


def links(page: Path) -> list[str]:
    """The links of a page that lead to files of the repository."""
    text = _FENCED.sub("", page.read_text("utf-8"))
    return [link for link in _LINK.findall(text) if not re.match(r"[a-z]+:", link)]


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as GitHub and MyST make them."""
    text = _FENCED.sub("", page.read_text("utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    return made | set(re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link}: there is no such file"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{link}: there is no such heading"


def test_a_link_to_nowhere_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A heading\n\n[here](#a-heading) [there](nowhere.md#x)\n", "utf-8")
    assert links(page) == ["#a-heading", "nowhere.md#x"]
    assert anchors(page) == {"a-heading"}


def test_every_page_is_in_the_navigation() -> None:
    named = {DOCS / "index.md"}
    for page in DOCS.rglob("*.md"):
        text = page.read_text("utf-8")
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL):
            entries = [line for line in tree.splitlines() if line and not line.startswith(":")]
            paths = (re.sub(r"^.* <(.+)>$", r"\1", entry) for entry in entries)
            named |= {(page.parent / f"{path}.md").resolve() for path in paths}
    assert {page.resolve() for page in DOCS.rglob("*.md")} == named


def test_the_reference_has_every_public_name() -> None:
    text = (DOCS / "reference" / "api.md").read_text("utf-8")
    told = set(re.findall(r"auto(?:function|class):: (\w+)", text))
    assert told == {*jupyterlite_pool.__all__, *testing.__all__}


def test_the_reference_has_every_error_and_warning() -> None:
    text = (DOCS / "reference" / "errors.md").read_text("utf-8")
    assert set(re.findall(r"autoexception:: (\w+)", text)) == set(errors.__all__)


def test_each_magic_has_a_page_with_its_help() -> None:
    found = set()
    for page in (DOCS / "magics").glob("*.md"):
        found |= set(re.findall(r"\{pool-magic\} (\w+)", page.read_text("utf-8")))
    assert found == set(MAGICS)


def test_the_page_on_the_panel_has_every_setting_with_its_default() -> None:
    schema = json.loads((ROOT / "labextension" / "schema" / "plugin.json").read_text("utf-8"))
    text = (DOCS / "panel.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| .* \| `([^`]+)` \| [^|]+ \|$", text, re.MULTILINE))
    assert told == {
        name: json.dumps(about["default"]) for name, about in schema["properties"].items()
    }


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_settings_in_examples_are_settings(page: Path) -> None:
    schema = json.loads((ROOT / "labextension" / "schema" / "plugin.json").read_text("utf-8"))
    for example in re.findall(r"```json\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        settings = json.loads(example).get("jupyterlite-pool:plugin", {})
        assert settings.keys() <= schema["properties"].keys()


def test_the_readme_quotes_figures_of_the_last_run() -> None:
    figures = re.search(r"## What it costs\n(.*?)\n## ", _read("README.md"), re.DOTALL)
    assert figures is not None
    numbers = re.findall(r"\d+\.\d+", figures[1])
    assert len(numbers) == 3
    for number in numbers:
        assert f" {number} " in _read("docs/performance.md"), f"{number}: run of `make bench`?"


def test_the_citation_is_of_this_version() -> None:
    assert f"version: {jupyterlite_pool.__version__}\n" in _read("CITATION.cff")


def _read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")
