"""Reading fails in the middle of a class. What is read next gives a whole class."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.local.backend import LocalBackend
from jupyterlite_pool.errors import RemoteUnpicklingError
from tests.contract.test_changed_classes import Notebook

CELL = """
import enum
class Fails:
    def __init__(self, path): self.path = path
    def __reduce__(self): return read, (self.path,)
def read(path):
    with open(path) as file:
        return file.read()
class Base:
    bad = Fails(PATH)
    def base(self): return helper(), Level.HIGH.value, Level.LOW.bad()
class Level(enum.Enum):
    LOW = 1
    HIGH = 2
    def bad(self): return BAD
BAD = Fails(PATH)
def helper(): return "helper", type(Base.bad) is str and type(BAD) is str
class Part(Base):
    name = "a"
    bad_too = Fails(PATH)
    def whole(self, level): return self.base(), self.bad_too, self.name, level is Level.HIGH
    last = 1
class Tool: pass
def tool(): return Tool.__name__, BAD
Tool.run = staticmethod(tool)
"""


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    with WorkerPoolExecutor(1, backend=LocalBackend(1)) as executor:
        yield Notebook(executor)


@pytest.mark.parametrize("put", [False, True], ids=["argument", "object for many calls"])
@pytest.mark.parametrize("first", ["Part(), Level.HIGH", "helper, Level.HIGH", "Level.HIGH, Part"])
def test_a_retry_reads_a_whole_class(
    notebook: Notebook, put: bool, first: str, tmp_path: Path
) -> None:
    path = tmp_path / "text"
    notebook.run(f"PATH = {str(path)!r}")
    notebook.run(CELL)
    sent: Any = eval(f"({first}, Part(), Level.HIGH)", notebook.names)
    if put:
        sent = notebook.executor.put(sent)

    def look(sent: Any) -> Any:
        *_, part, level = sent
        return part.whole(level)

    look.__module__ = "__main__"
    for _ in range(2):
        with pytest.raises(RemoteUnpicklingError, match="No such file"):
            notebook.task(look, sent)
    path.write_text("read")
    expected = (("helper", True), 2, "read"), "read", "a", True
    assert notebook.task(look, sent) == expected


@pytest.mark.parametrize("put", [False, True], ids=["argument", "object for many calls"])
def test_a_retry_completes_functions_in_classes(
    notebook: Notebook, put: bool, tmp_path: Path
) -> None:
    """The class has its attributes before the function that is one of them has its globals."""
    path = tmp_path / "text"
    notebook.run(f"PATH = {str(path)!r}")
    notebook.run(CELL)
    tool: Any = notebook.names["tool"]
    if put:
        tool = notebook.executor.put(tool)

    def use(tool: Any) -> Any:
        return tool(), tool.__globals__["Tool"].run()

    use.__module__ = "__main__"
    with pytest.raises(RemoteUnpicklingError, match="No such file"):
        notebook.task(use, tool)
    path.write_text("read")
    assert notebook.task(use, tool) == (("Tool", "read"), ("Tool", "read"))


def test_a_change_that_was_read_in_half_is_taken_back(notebook: Notebook, tmp_path: Path) -> None:
    notebook.run(f"PATH = {str(tmp_path / 'text')!r}")
    notebook.run(CELL)
    notebook.run("del Tool.run\nTool.name = 'a'\nTool.shown = lambda self: self.name")
    shown, names = operator.methodcaller("shown"), notebook.names
    assert notebook.task(shown, names["Tool"]()) == "a"
    notebook.run("Tool.name = 'b'")
    with pytest.raises(RemoteUnpicklingError, match="No such file"):
        notebook.task(operator.truth, names["tool"])
    notebook.run("Tool.name = 'a'")
    assert notebook.task(shown, names["Tool"]()) == "a"
