"""The documentation in a browser: its code runs, and everybody can read it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.conftest import PAGE_TIMEOUT, Pages
from tests.support.blocks import BROWSER, ROOT, Block, blocks_of, pages
from tests.support.kernel import Kernel
from tests.support.pages import build, pages_of

#: Where code runs that needs a browser.
BLOCKS = [block for page in pages() for block in blocks_of(page) if block.place == BROWSER]

#: How wide a telephone is.
NARROW = {"width": 390, "height": 844}

#: The colours of pages, and what axe looks for in each; all that it knows if there is nothing.
THEMES = {"light": None, "dark": ["color-contrast"]}

#: Problems that axe finds, each in one line.
PROBLEMS = """async ([theme, rules]) => {
  document.documentElement.dataset.theme = theme;
  const only = rules ? { runOnly: { type: 'rule', values: rules } } : {};
  // The rows of a table are alike, and some have hundreds.
  const looked = { include: [['html']], exclude: [['tbody tr:nth-child(n + 4)']] };
  const { violations } = await axe.run(looked, { resultTypes: ['violations'], ...only });
  const line = (id, node) => `${theme}: ${id}: ${node.target.join(' ')}: ${node.html}`;
  return violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(node => line(id, node).slice(0, 240)));
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("documentation") / "html"
    build(target)
    return target


@pytest.fixture(scope="module")
def address(folder: Path, serve: Callable[..., str]) -> str:
    return serve(folder)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example for authors, built as they build it."""
    source = tmp_path_factory.mktemp("example") / "sphinx"
    shutil.copytree(ROOT / "examples" / "sphinx", source)
    # What the build would download is here already.
    shutil.copytree(ROOT / ".cache", source / ".cache")
    build(source / "html", source)
    return source / "html"


@pytest.mark.timeout(300)
def test_the_example_for_authors_builds_and_computes(
    example: Path, pages: Pages, serve: Callable[..., str]
) -> None:
    page = pages.open(f"{serve(example)}/index.html")
    assert page.locator("iframe").count() == 0
    page.get_by_text("Run it here").click()
    output = page.frame_locator("iframe").locator(".jp-OutputArea-output", has_text="285 computed")
    expect(output.first).to_be_visible(timeout=2 * PAGE_TIMEOUT)
    # The file beside it limits the workers.
    expect(output.first).to_contain_text(re.compile("by [12] workers"))


def test_code_of_the_browser_runs_there(fresh_kernel: Kernel) -> None:
    assert BLOCKS
    for block in BLOCKS:
        reply = fresh_kernel.run(block.first) if block.first else None
        reply = fresh_kernel.run(block.code)
        said = [line for line in reply.stdout.splitlines() if line in block.said]
        assert said == block.said, f"{block}: {reply.stdout}"


def buttons() -> Iterator[Block]:
    """The code that readers of the first page can run."""
    for block in blocks_of(ROOT / "docs" / "index.md"):
        if block.language == "{try-it}":
            yield block


@pytest.mark.timeout(400)
def test_code_runs_on_the_page_when_its_button_is_pressed(pages: Pages, address: str) -> None:
    first, *others = buttons()
    page = pages.open(f"{address}/index.html")
    button = page.get_by_role("button", name="Run it here").first
    # With the keyboard, as everybody can.
    button.press("Enter")
    frame = page.frame_locator('iframe[title="The code, in a console of JupyterLite"]')
    output = frame.locator(".jp-OutputArea-output", has_text=first.said[0])
    expect(output.first).to_be_visible(timeout=2 * PAGE_TIMEOUT)
    # What nobody has started is not there.
    assert page.locator("iframe").count() == 1
    assert page.get_by_role("button", name="Run it here").count() == len(others)


@pytest.fixture(scope="module")
def reader(module_pages: Pages, address: str) -> Page:
    """A page in which pages are opened one after the other, without what they load later."""
    page = module_pages.open(viewport=NARROW, reduced_motion="reduce")
    page.add_init_script(AXE_SCRIPT)
    page.goto(f"{address}/index.html")
    return page


@pytest.mark.timeout(400)
def test_axe_finds_nothing_in_light_and_dark_and_pages_fit_a_telephone(
    reader: Page, folder: Path, address: str
) -> None:
    problems = []
    for file in pages_of(folder):
        name = str(file.relative_to(folder))
        reader.goto(f"{address}/{name}")
        for theme in THEMES.items():
            problems += [f"{name}: {line}" for line in reader.evaluate(PROBLEMS, list(theme))]
        width = reader.evaluate("document.documentElement.scrollWidth")
        if width > NARROW["width"]:
            problems.append(f"{name}: is {width} pixels wide")
    assert not problems, "\n".join(problems)
