"""Cells that a page sends to workers by a mark in the metadata of their requests."""

from __future__ import annotations

import concurrent.futures
import re
from collections.abc import Iterator
from typing import Any

import pytest

from jupyterlite_pool.api.background import BackgroundJob, run_in_background
from jupyterlite_pool.commands.parallel import requests as _requests

from ..conftest import Notebook
from ..gate import GATE, THERE

#: A cell that waits for its test.
WAIT = """
from tests.unit.commands.gate import GATE, THERE
it_is_there, it_goes_on = THERE.set(), GATE.wait(30)
"""


class Comm:
    """A comm that keeps what the kernel says."""

    def __init__(self, data: Any) -> None:
        self.opened_with = data
        self.said: list[dict[str, Any]] = []

    def send(self, data: dict[str, Any]) -> None:
        self.said.append(data)


class Page:
    """Sends cells as JupyterLab does."""

    def __init__(self, notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
        self.notebook = notebook
        self.jobs: list[BackgroundJob] = []
        self.comm: Comm | None = None
        self._header: dict[str, Any] = {}
        monkeypatch.setattr(_requests, "current_cell", lambda: self._header)
        monkeypatch.setattr(_requests, "current_cell_id", lambda: self._header.get("cell"))
        monkeypatch.setattr(_requests, "open_comm", self._open)
        start = run_in_background

        def run_and_note(*args: Any, **options: Any) -> BackgroundJob:
            self.jobs.append(start(*args, **options))
            return self.jobs[-1]

        monkeypatch.setattr(_requests, "run_in_background", run_and_note)

    def _open(self, data: Any) -> Comm:
        self.comm = Comm(data)
        return self.comm

    def plan(self, *cells: str) -> list[dict[str, Any]]:
        _requests.plan("run 1", list(cells))
        assert self.comm is not None
        assert self.comm.opened_with["run"] == "run 1"
        steps: list[dict[str, Any]] = self.comm.opened_with["plan"]
        return steps

    def send(self, cell: str, cell_id: str = "id", **mark: Any) -> None:
        self._header = {"metadata": {"jupyterlitePool": mark} if mark else {}, "cell": cell_id}
        self.notebook.run(cell)

    def ends(self) -> BackgroundJob:
        job = self.jobs[-1]
        concurrent.futures.wait([job, job._job.ended], 10)
        assert job.done()
        return job

    def says(self) -> dict[str, Any]:
        assert self.comm is not None
        return self.comm.said[-1]


@pytest.fixture
def page(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    GATE.clear()
    THERE.clear()
    yield Page(notebook, monkeypatch)
    GATE.set()


def test_an_ordinary_cell_runs_in_the_background(page: Page, notebook: Notebook) -> None:
    notebook["k"] = 20
    page.send(f"{WAIT}a = k + 1\ndel k\na * 2", run="background")
    assert THERE.wait(10)
    assert "a" not in notebook
    notebook["other"] = 1
    GATE.set()
    assert page.ends().result() == 42
    assert notebook["a"] == 21
    assert "k" not in notebook
    notebook.shows("42")


def test_its_text_stays_in_the_history(page: Page, notebook: Notebook) -> None:
    page.send("z9 = len('abc')", run="background")
    page.ends()
    assert notebook.shell.history_manager.input_hist_raw[-1] == "z9 = len('abc')"


def test_a_semicolon_hides_its_value(page: Page, notebook: Notebook) -> None:
    page.send("len('a' * 700) + 77;", run="background")
    page.ends()
    assert "777" not in notebook.shown()


def test_its_error_has_the_lines_of_the_cell(page: Page, notebook: Notebook) -> None:
    number = notebook.shell.execution_count
    page.send("x = 1\n1 / 0", run="background")
    assert isinstance(page.ends().exception(), ZeroDivisionError)
    shown = notebook.shows("ZeroDivisionError: division by zero")
    assert f"Cell In[{number}], line 2, in <module>\n    1 / 0" in shown
    assert "x" not in notebook


def test_a_cell_that_needs_the_notebook_runs_there_and_says_why(
    page: Page, notebook: Notebook
) -> None:
    notebook["xs"] = [1]
    page.send("xs.append(2)", run="background")
    assert page.jobs == []
    assert notebook["xs"] == [1, 2]
    said = "This cell runs in the notebook. It changes `xs` in place."
    assert notebook.shown().count(said) == 1


def test_what_cannot_come_back_is_an_error(page: Page, notebook: Notebook) -> None:
    notebook["xs"] = [1]
    page.send("getattr(xs, 'append')(2)", run="background")
    assert str(page.ends().exception()) == (
        "It has changed `xs`, which it reads, in place. So nothing of it has come back. Run the "
        "cell in the notebook."
    )
    assert notebook["xs"] == [1]
    notebook.shows("PoolError: It has changed")


def test_without_a_mark_a_cell_is_the_notebooks(page: Page, notebook: Notebook) -> None:
    page.send("a = 1")
    page.send("b = 1", run="no such run", place=0)
    assert (notebook["a"], notebook["b"], page.jobs) == (1, 1, [])


@pytest.mark.parametrize("mark", [5, {"run": 3}, {"run": "background", "place": "x"}])
def test_a_mark_that_is_none_is_ignored(page: Page, notebook: Notebook, mark: object) -> None:
    page._header = {"metadata": {"jupyterlitePool": mark}}
    notebook.run("a = 1")
    assert page.jobs == []


@pytest.mark.parametrize("mark", [{"run": "background"}, {}])
def test_a_cell_that_runs_again_cancels_its_earlier_run(
    page: Page, notebook: Notebook, mark: dict[str, Any]
) -> None:
    page.send(f"{WAIT}a = 1", run="background")
    assert THERE.wait(10)
    first = page.jobs[0]
    page.send("a = 2", "another", **mark)
    assert not first.cancelled()
    page.send("a = 3", **mark)
    assert first.cancelled()
    said = f"Job {first.number}, an earlier run that had not ended, was cancelled."
    assert said in notebook.shown()


def test_a_plan_says_which_cells_run_where_and_after_which(page: Page) -> None:
    steps = page.plan("xs = [1]", "a = len(xs)", "xs.append(1)")
    assert steps == [
        {"worker": False, "after": [], "why": "It only imports and defines."},
        {"worker": True, "after": [0], "why": ""},
        {"worker": False, "after": [0, 1], "why": "It changes `xs` in place."},
    ]


def test_the_page_hears_of_each_end(page: Page, notebook: Notebook) -> None:
    notebook["xs"] = [[1]]
    cells = ["a = len(xs)", "b = xs[0]", "c = 1 / len('')", "print(a)"]
    page.plan(*cells)
    page.send(cells[0], run="run 1", place=0)
    page.ends()
    assert notebook["a"] == 1
    assert page.says() == {"place": 0, "state": "done", "why": ""}
    page.send(cells[1], run="run 1", place=1)
    assert page.ends().result() is None
    why = "What it assigns has something in common with `xs`."
    assert page.says() == {"place": 1, "state": "again", "why": why}
    page.send(cells[1], run="run 1", place=1, here=True, why=why)
    assert notebook["b"] is notebook["xs"][0]
    assert f"This cell runs in the notebook. {why}" in notebook.shown()
    page.send(cells[2], run="run 1", place=2)
    page.ends()
    assert page.says() == {"place": 2, "state": "failed", "why": ""}


def test_what_cannot_be_sent_runs_in_the_notebook(page: Page, notebook: Notebook) -> None:
    notebook["g"] = (n for n in range(3))
    page.plan("a = sum(g)")
    page.send("a = sum(g)", run="run 1", place=0)
    assert page.says()["state"] == "again"
    assert re.match("cannot send .*`g`", page.says()["why"])
    page.send("a = sum(g)", run="run 1", place=0, here=True, why=page.says()["why"])
    assert notebook["a"] == 3


def test_a_cell_that_shares_names_with_a_function_waits_for_its_turn(
    page: Page, notebook: Notebook
) -> None:
    notebook.run("k = 1\ndef f(): return k")
    cell = "k = len('ab')\ny = f()"
    page.plan(cell)
    page.send(cell, run="run 1", place=0)
    why = "It calls a function that uses a name which the cell sets."
    assert page.says() == {"place": 0, "state": "again", "why": why}
    assert "y" not in notebook
    page.send(cell, run="run 1", place=0, here=True, why=why)
    assert notebook["y"] == 2


def test_the_line_that_starts_a_cell_is_for_pages_alone(page: Page, notebook: Notebook) -> None:
    page._header = {}
    assert "made for cells that JupyterLab sends" in notebook.fails("%%_pool_cell\n1")


def test_a_stopped_cell_has_failed(page: Page) -> None:
    cell = f"{WAIT}a = 1"
    page.plan(cell)
    page.send(cell, run="run 1", place=0)
    assert THERE.wait(10)
    page.jobs[0].cancel(running=True)
    assert page.says() == {"place": 0, "state": "failed", "why": ""}


def test_what_a_later_cell_has_set_stays_when_an_earlier_one_runs_again(
    page: Page, notebook: Notebook
) -> None:
    notebook["xs"] = [[1]]
    cells = ["for i in range(3): a = xs[0]", "for i in range(9): b = i"]
    page.plan(*cells)
    page.send(cells[1], run="run 1", place=1)
    page.ends()
    page.send(cells[0], run="run 1", place=0)
    page.ends()
    assert page.says()["state"] == "again"
    page.send(cells[0], run="run 1", place=0, here=True)
    page.send("pass")
    assert notebook["i"] == 8


def test_runs_are_forgotten(page: Page, notebook: Notebook) -> None:
    for number in range(_requests.RUNS + 1):
        _requests.plan(f"run {number}", ["a = len('a')"])
    page.send("a = len('a')", run="run 0", place=0)
    assert page.jobs == []
    page.send("a = len('a')", run="run 8", place=0)
    assert len(page.jobs) == 1
    page.ends()


def test_a_label_is_the_first_line() -> None:
    assert _requests._label("# comment\n\n  x = 1\ny = 2") == "x = 1"
    assert _requests._label("#") == "cell"
    assert len(_requests._label("x = " + "1 + " * 99 + "1")) == 48
