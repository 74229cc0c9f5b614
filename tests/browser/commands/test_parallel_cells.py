"""Ordinary cells on workers, as a person runs them in JupyterLab."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Pages
from tests.support.notebook import Notebook

#: A cell in which a worker is for a while.
LONG = "import time\nwhile True: time.sleep(0.05)"


class Person:
    """Somebody who writes cells and runs them by keys and by clicks."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def cells(self) -> Locator:
        return self.page.locator(".jp-NotebookPanel:visible .jp-Notebook-cell")

    def writes(self, *sources: str) -> int:
        """Write cells below the others; returns the place of the first."""
        first = self.cells.count()
        self.cells.last.locator(".cm-content").click()
        for number, source in enumerate(sources):
            self.page.keyboard.press("Escape")
            self.page.keyboard.press("b")
            expect(self.cells).to_have_count(first + number + 1)
            self.page.keyboard.press("Enter")
            self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Escape")
        return first

    def selects(self, first: int, last: int) -> None:
        """Select cells with the mouse and the shift key."""
        self.cells.nth(first).locator(".jp-InputPrompt").click()
        for _ in range(first, last):
            self.page.keyboard.press("Shift+ArrowDown")
        expect(self.page.locator(".jp-Notebook-cell.jp-mod-selected")).to_have_count(
            last - first + 1
        )

    def commands(self, name: str) -> None:
        """Run a command of the palette."""
        self.page.keyboard.press("Control+Shift+C")
        box = self.page.get_by_placeholder("SEARCH", exact=True)
        box.fill(name)
        self.page.locator(".lm-CommandPalette-item").filter(has_text=name).first.click()

    def output(self, place: int) -> Locator:
        return self.cells.nth(place).locator(".jp-OutputArea")

    def prompt(self, place: int) -> Locator:
        return self.cells.nth(place).locator(".jp-InputPrompt")


@pytest.fixture(scope="module")
def notebook(module_pages: Pages, site: str) -> Notebook:
    notebook = Notebook(module_pages.open(f"{site}/lab/index.html"))
    notebook.run("import jupyterlite_pool\njupyterlite_pool.pool_map(abs, [1], progress=False)")
    return notebook


@pytest.fixture
def person(notebook: Notebook) -> Person:
    return Person(notebook.page)


def shows(person: Person, first: int, texts: Sequence[str]) -> None:
    for number, text in enumerate(texts):
        expect(person.output(first + number)).to_contain_text(text)


def test_the_button_of_a_cell_runs_it_beside_others(notebook: Notebook, person: Person) -> None:
    first = person.writes("print('begins', flush=True)\n" + LONG)
    person.cells.nth(first).get_by_role("button", name="Run Cell in Background").click()
    output = person.output(first)
    expect(output).to_contain_text("▶ running")
    expect(output).to_contain_text("begins")
    expect(output).to_contain_text(re.compile(r"0:(0[1-9]|[1-5]\d) elapsed"))
    other = person.writes("print('meanwhile', 6 * 7)")
    person.page.keyboard.press("Control+Enter")
    expect(person.output(other)).to_contain_text("meanwhile 42")
    output.get_by_role("button", name="Stop").click()
    expect(output).to_contain_text("■ cancelled")


def test_the_palette_runs_a_cell_in_the_background_and_its_names_come_back(
    notebook: Notebook, person: Person
) -> None:
    first = person.writes("found = [n for n in range(20) if n % 7 == 3]\nlen(found)")
    person.commands("Run Cell in Background")
    expect(person.output(first)).to_contain_text("✓ done")
    expect(person.output(first).get_by_text("3", exact=True)).to_be_visible()
    assert notebook.value("found") == [3, 10, 17]


def test_a_cell_that_needs_the_notebook_says_why(notebook: Notebook, person: Person) -> None:
    notebook.run("xs = [1]")
    first = person.writes("xs.append(2)")
    person.commands("Run Cell in Background")
    said = "This cell runs in the notebook. It changes xs in place."
    expect(person.output(first)).to_contain_text(said)
    assert notebook.value("xs") == [1, 2]


def test_selected_cells_run_at_the_same_time(notebook: Notebook, person: Person) -> None:
    notebook.run("_ = jupyterlite_pool.get_reusable_executor().run_everywhere(abs, 0)")
    first = person.writes(
        "import time\nstart = 5",
        "begun_a = time.time()\nprint('first', flush=True)\ntime.sleep(1.5)\na = start + 1\n"
        "ended_a = time.time()",
        "begun_b = time.time()\nprint('second', flush=True)\ntime.sleep(1.5)\nb = start + 2\n"
        "ended_b = time.time()",
        "print('sum', a + b)",
        "print('not selected')",
    )
    person.selects(first, first + 3)
    person.commands("Run Selected Cells in Parallel")
    shows(person, first + 1, ["first", "second", "sum 13"])
    expect(person.output(first + 4)).to_have_text("")
    assert notebook.value("begun_b < ended_a and begun_a < ended_b") is True
    assert notebook.value("[a, b]") == [6, 7]


def test_cells_after_one_that_fails_do_not_run(notebook: Notebook, person: Person) -> None:
    first = person.writes("p9 = len('abc')", "q9 = p9 / len('')", "print('never', q9)")
    person.selects(first, first + 2)
    person.commands("Run Selected Cells in Parallel")
    expect(person.output(first + 1)).to_contain_text("ZeroDivisionError: division by zero")
    said = "A cell failed, so one cell after it did not run."
    expect(person.page.get_by_text(said)).to_be_visible()
    expect(person.output(first + 2)).to_have_text("")
    expect(person.prompt(first + 2)).not_to_contain_text("*")
    assert notebook.value("'p9' in globals() and 'q9' not in globals()") is True


def test_a_hidden_change_is_made_in_the_notebook(notebook: Notebook, person: Person) -> None:
    notebook.run("rows = [1]\ndef grow(x):\n    getattr(x, 'append')(len(x) + 1)\n    return x[-1]")
    first = person.writes("last = grow(rows)\nprint('grown', last)", "print('rows', rows)")
    person.selects(first, first + 1)
    person.commands("Run Selected Cells in Parallel")
    expect(person.output(first).or_(person.output(first + 1)).first).to_contain_text(
        re.compile("This cell runs in the notebook|a later cell has used the value of before")
    )


def test_all_cells_run_by_the_menu(module_pages: Pages, site: str) -> None:
    notebook = Notebook(module_pages.open(f"{site}/lab/index.html"))
    notebook.run("import jupyterlite_pool")
    person = Person(notebook.page)
    first = person.writes("u = sum(range(10))", "v = sum(range(20))", "print('both', u, v)")
    person.page.get_by_role("menubar").get_by_text("Run", exact=True).click()
    person.page.get_by_role("menuitem", name="Run All Cells in Parallel").click()
    expect(person.output(first + 2)).to_contain_text("both 45 190")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_how_it_looks(notebook: Notebook, person: Person, theme: str) -> None:
    """Not more than that it can be seen in both themes."""
    person.commands(f"Theme: {theme}")
    first = person.writes("xs = [1]", "xs.append(len(xs))", "import time\ntime.sleep(0.5)\nxs")
    person.selects(first, first + 2)
    person.commands("Run Selected Cells in Parallel")
    expect(person.output(first + 2)).to_contain_text("[1, 1]")
    expect(person.output(first + 1).get_by_role("note")).to_be_visible()
