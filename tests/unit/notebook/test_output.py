"""The output of tasks is shown in the right order and cell, up to a limit."""

from __future__ import annotations

import functools
import json
import sys
import threading
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import pytest

from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.jobs.options import Grouping, MapOptions
from jupyterlite_pool.jobs.tasks import Held, Outcome, Task
from jupyterlite_pool.notebook import cell
from jupyterlite_pool.notebook import output as _output
from jupyterlite_pool.notebook.output import TaskOutput
from jupyterlite_pool.notebook.page import Page
from jupyterlite_pool.wire.payload import Encoded

#: Lines that a cell shows, unless the settings say otherwise.
LIMIT = Page().output_limit_lines


@pytest.fixture(autouse=True)
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    """A page of its own, in the place of the kernel's."""
    mine = Page()
    monkeypatch.setattr(_output, "page", mine)
    return mine


@functools.cache
def task(number: int) -> Task:
    return Task(number, Held(), Encoded(b"", []))


def show(output: TaskOutput, number: int, text: str, stream: str = "stdout") -> None:
    output.take(0, task(number), None, stream, text)


def test_a_line_without_an_end_is_never_gone_on_with_by_another_task(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = TaskOutput()
    for number, text in [(1, "a"), (1, "b"), (2, "c\n"), (2, "d"), (1, "e\n")]:
        show(output, number, text)
    assert capsys.readouterr().out == "ab\nc\nd\ne\n"


def test_what_is_beyond_the_limit_is_not_shown_and_that_is_said_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = TaskOutput()
    for number in range(LIMIT // 100 + 5):
        show(output, number, "x\n" * 100)
    shown = capsys.readouterr()
    assert shown.out == "x\n" * LIMIT
    assert shown.err.count("lines of tasks are shown") == 1


def test_a_site_says_how_many_lines_a_cell_shows(
    capsys: pytest.CaptureFixture[str], page: Page
) -> None:
    page.accept_options({"outputLimitLines": 3})
    show(TaskOutput(), 1, "x\n" * 10)
    shown = capsys.readouterr()
    assert shown.out == "x\n" * 3
    assert "the first 3 lines of tasks are shown" in shown.err


def test_one_endless_line_has_a_limit_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    show(TaskOutput(), 1, "x" * (LIMIT * 5000 + 5001))
    assert len(capsys.readouterr().out) == LIMIT * 5000


def job_of(tasks: list[Task], grouping: Grouping) -> MapJob:
    options = MapOptions(group_outputs=grouping, chunksize=len(tasks))
    job = MapJob(abs, [range(len(tasks))], options)
    while job.take(1):
        pass
    return job


@pytest.mark.parametrize(
    ("grouping", "first", "last"),
    [
        ("order", "b0 b1 a0 a1 ", ""),
        ("item", "a0 a1 ", "b0 b1 "),
        ("worker", "", "[worker 3]\nb0 b1 [worker 7]\na0 a1 "),
    ],
)
def test_grouping(
    grouping: Grouping, first: str, last: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = TaskOutput()
    a, b = task(0), task(1)
    job = job_of([a, b], grouping)
    said = [(3, b, "b0 "), (3, b, "b1 "), (7, a, "a0 "), (7, a, "a1 ")]
    for worker, who, text in said:
        output.take(worker, who, job, "stdout", text)
    job.finish(a, Outcome(7, 0.0, 0))
    assert capsys.readouterr().out.replace("\n", "") == first
    job.finish(b, Outcome(3, 0.0, 1))
    assert job.ended.done()
    assert capsys.readouterr().out.lstrip("\n") == last.replace(" [worker", " \n[worker")


def test_it_is_shown_in_the_cell_of_its_task(monkeypatch: pytest.MonkeyPatch) -> None:
    class Kernel:
        _parent_header: Any = "now"
        shown: list[tuple[Any, str]] = []  # noqa: RUF012

        def get_parent(self) -> Any:  # Pyodide's kernel has this, as an ordinary one does
            return self._parent_header

        @property
        def interpreter(self) -> Any:
            return self

        @property
        def display_pub(self) -> Any:
            return self

        def publish(self, data: dict[str, str], metadata: object, **_: object) -> None:
            self.shown.append((self._parent_header, data["text/plain"]))

        def write(self, text: str) -> None:
            self.shown.append((self._parent_header, text))

    kernel = Kernel()
    monkeypatch.setattr(cell, "_found", kernel)
    monkeypatch.setattr(sys, "stdout", kernel)
    output = TaskOutput()
    begun = task(1)
    begun.cell = "then"
    output.take(0, begun, None, "stdout", "text\n")
    shown = {"data": {"text/plain": "rich"}, "metadata": {}, "transient": None, "update": False}
    output.take(0, begun, None, "display", json.dumps(shown))
    output.take(0, None, None, "stdout", "of nobody\n")
    assert kernel.shown == [("then", "text\n"), ("then", "rich"), ("now", "of nobody\n")]
    assert kernel._parent_header == "now"


class OfOneThread:
    """A stream or a display of an ordinary kernel, which has a cell for each thread."""

    def __init__(self) -> None:
        self._cell: ContextVar[str] = ContextVar("cell", default="older")
        self.shown: list[tuple[str, str]] = []

    def write(self, text: str) -> None:
        self.shown.append((self._cell.get(), text))

    def set_thread_parent(self, cell: str) -> Any:
        return self._cell.set(cell)

    def reset_thread_parent(self, token: Any) -> None:
        self._cell.reset(token)


class OfAllThreads:
    """One of an older kernel, which sends what was written with the cell of a later moment."""

    def __init__(self) -> None:
        self.cell = "older"
        self.shown: list[tuple[str, str]] = []
        self._written: list[str] = []

    def write(self, text: str) -> None:
        self._written.append(text)

    def flush(self) -> None:
        self.shown += [(self.cell, text) for text in self._written]
        self._written = []

    def set_parent(self, cell: str) -> None:
        self.cell = cell


@pytest.mark.parametrize("kind", [OfOneThread, OfAllThreads])
def test_what_comes_from_another_thread_has_its_cell_also_while_that_cell_runs(
    kind: type[OfOneThread] | type[OfAllThreads], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = kind()
    shell = SimpleNamespace(display_pub=kind())
    kernel = SimpleNamespace(get_parent=lambda: "the cell", shell=shell)
    monkeypatch.setattr(cell, "_found", kernel)
    monkeypatch.setattr(sys, "stdout", stream)
    output = TaskOutput()
    begun = task(1)
    begun.cell = "the cell"
    tells = threading.Thread(target=output.take, args=(0, begun, None, "stdout", "text"))
    tells.start()
    tells.join()
    assert stream.shown == [("the cell", "text")]
