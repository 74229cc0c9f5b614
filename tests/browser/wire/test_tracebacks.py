"""What a task raises, as the notebook sees it."""

from __future__ import annotations

import re

import pytest

from tests.support.kernel import Kernel


@pytest.fixture(scope="module", autouse=True)
def _start(kernel: Kernel) -> None:
    kernel.run(
        """
import importlib, pathlib
from jupyterlite_pool import get_reusable_executor, pool_map

executor = get_reusable_executor(2)

def caught(function, *args):
    try:
        return executor.submit(function, *args).result()
    except BaseException as error:
        return error
"""
    )


def plain(lines: list[str]) -> str:
    """A traceback without its colours."""
    return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(lines))


def test_it_shows_the_lines_of_cells_and_modules_and_not_the_pools_own(kernel: Kernel) -> None:
    kernel.run(
        """
pathlib.Path("/drive/lines.py").write_text("def inner(x):\\n    return 1 / x  # in the module\\n")
importlib.invalidate_caches()
import lines

def outer(x):
    return lines.inner(x)  # in the cell
"""
    )
    number = kernel.value("len(In) - 2")  # of the cell before this one
    error = kernel.fails("pool_map(outer, [1, 0])")
    remote = plain(error["traceback"]).partition("The above exception")[0]
    assert re.search(rf"Cell In\[{number}\], line \d+, in outer\n", remote)
    assert "return lines.inner(x)  # in the cell" in remote
    assert 'File "/drive/lines.py", line 2, in inner' in remote
    assert "return 1 / x  # in the module" in remote
    assert "jupyterlite_pool" not in remote


def test_a_parallel_cell_has_the_name_and_the_lines_that_the_notebook_shows(kernel: Kernel) -> None:
    error = kernel.fails("%%pool_map x in [1, 0]\ny = 1\ny / x  # its third line")
    remote = plain(error["traceback"]).partition("The above exception")[0]
    number = kernel.value("len(In) - 2")
    assert re.search(rf"Cell In\[{number}\], line 3, in <module>\n", remote)
    assert "y / x  # its third line" in remote
    shape = kernel.fails("%%pool_map a, b in [(1, 2), (1,)]\na + b")
    remote = plain(shape["traceback"]).partition("The above exception")[0]
    assert re.search(r"Cell In\[\d+\], line 1, in <module>\n", remote)
    assert "%%pool_map a, b in [(1, 2), (1,)]" in remote


@pytest.mark.parametrize(
    "source",
    [
        "executor.submit(divide, 0).result()",
        "await executor.submit(divide, 0)",
        "list(executor.map(divide, [1, 0]))",
        "pool_map(divide, [1, 0])",
        "await pool_map(divide, [1, 0], block=False)",
        "list(pool_map(divide, [1, 0], block=False))",
        "for _ in pool_map(divide, [0], block=False).as_completed(): pass",
        "executor.run_everywhere(divide, 0)",
        "get_ipython().run_line_magic('pool_map', 'divide [1, 0]')",
    ],
)
def test_of_the_notebook_it_shows_the_cell_alone(kernel: Kernel, source: str) -> None:
    kernel.run("def divide(x):\n    return 1 / x")
    error = kernel.fails(f"# the cell's line\n{source}")
    remote, _, here = plain(error["traceback"]).partition("The above exception")
    assert "in divide" in remote
    assert source in here
    # "[... skipping hidden 2 frame]" stands for ours.
    frames = re.findall(r"^(?:File|Cell|~|/)\S* .*$", here, re.MULTILINE)
    assert all("jupyterlite_pool" not in frame for frame in frames), frames
    assert all("concurrent/futures" not in frame for frame in frames), frames


def test_a_pool_inside_a_task_is_left_out_of_its_traceback(kernel: Kernel) -> None:
    kernel.run(
        "def inner(x):\n    return 1 / x\ndef nested(x):\n    return list(pool_map(inner, [x]))"
    )
    error = kernel.fails("pool_map(nested, [0])")
    remote = plain(error["traceback"]).partition("The above exception")[0]
    assert "in inner" in remote
    assert "in nested" in remote
    assert "jupyterlite_pool" not in remote


@pytest.mark.parametrize(
    ("source", "name"),
    [("raise SystemExit(3)", "SystemExit"), ("raise KeyboardInterrupt", "KeyboardInterrupt")],
)
def test_what_ends_programs_is_an_error_of_its_item(kernel: Kernel, source: str, name: str) -> None:
    kernel.run(
        f"def leave(x):\n    {source}\n"
        "try:\n    pool_map(leave, [3])\nexcept BaseException as left:\n    error = left"
    )
    assert kernel.value("[type(error).__name__, 'item 0 of 1' in error.__notes__[0]]") == [
        name, True,
    ]  # fmt: skip


def test_exceptions_with_arguments_of_their_own_arrive_as_themselves(kernel: Kernel) -> None:
    kernel.run(
        """
class Refused(Exception):
    def __init__(self, who, *, why):
        super().__init__(f"{who}: {why}")
        self.who, self.why = who, why

def refuse(x):
    error = Refused("host", why=x)
    error.add_note("ask the host")
    raise error

error = caught(refuse, 3)
"""
    )
    assert kernel.value("error.__notes__[0]") == "ask the host"
    assert kernel.value("[type(error) is Refused, error.who, error.why, str(error)]") == [
        True, "host", 3, "host: 3",
    ]  # fmt: skip


def test_chains_and_groups(kernel: Kernel) -> None:
    kernel.run(
        """
class Stuck(Exception):
    def __reduce__(self):
        raise TypeError("stays where it is")

def chain(x):
    try:
        {}[x]
    except KeyError as error:
        raise ValueError("outer") from error

def group(x):
    deep = ExceptionGroup("deep", [Stuck("s"), OSError()])
    raise ExceptionGroup("several", [ValueError(x), deep])

chained, grouped = caught(chain, "k"), caught(group, 5)
try:
    raise grouped
except* ValueError as part:
    values = part.exceptions
except* Exception as rest:
    others = rest
"""
    )
    assert kernel.value("[type(chained).__name__, repr(chained.__cause__.__cause__)]") == [
        "ValueError", "KeyError('k')",
    ]  # fmt: skip
    joined = "'The above exception was the direct cause' in str(chained.__cause__)"
    assert kernel.value(joined) is True
    assert kernel.value("[repr(error) for error in values]") == ["ValueError(5)"]
    names = "[type(error).__name__ for error in others.exceptions[0].exceptions]"
    assert kernel.value(names) == ["Stuck", "OSError"]


def test_exits_interrupts_and_what_cannot_be_sent(kernel: Kernel) -> None:
    kernel.run(
        """
import sys

def leave(x):
    sys.exit(x)

def interrupt(x):
    raise KeyboardInterrupt("by itself")

def local(x):
    class Local(Exception):
        lock = __import__("_thread").allocate_lock()
    raise Local("words")

left, stopped, unsent = caught(leave, 3), caught(interrupt, 0), caught(local, 0)
"""
    )
    assert kernel.value("[type(left).__name__, left.code]") == ["SystemExit", 3]
    assert kernel.value("[type(stopped).__name__, str(stopped)]") == [
        "KeyboardInterrupt", "by itself",
    ]  # fmt: skip
    assert kernel.value("type(unsent).__name__") == "RemoteError"
    assert kernel.value("'Local: words' in str(unsent)") is True
    assert kernel.value("caught(abs, -2)") == 2
