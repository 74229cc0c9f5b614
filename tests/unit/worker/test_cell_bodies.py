"""The body of a parallel cell."""

from __future__ import annotations

import ast
import asyncio
import gc
import inspect
import linecache
import pickle
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import pytest

from jupyterlite_pool.worker.cell_bodies import (
    OWN,
    BackgroundCell,
    EverywhereCell,
    ParallelCell,
    compile_body,
)
from jupyterlite_pool.worker.last_value import what_gives_none

NAME, HEADER = "<parallel cell of a test>", "%%pool_map x in xs"


@pytest.fixture(autouse=True)
def _forget_lines() -> Iterator[None]:
    yield
    linecache.cache.pop(NAME, None)


def cell(body: str, target: str = "x", **names: Any) -> ParallelCell:
    return ParallelCell(target, HEADER, body, names, NAME)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("x + 1", 42),
        ("y = x + 1\ny", 42),
        ("y = x + 1", 42),
        ("y: int = x + 1", 42),
        ("y = 1\ny += x", 42),
        ("a, *b = iter([x, 1, 2])", (41, 1, 2)),
        ("[a, (b, c)] = x, (1, 2)", [41, (1, 2)]),
        ("a = b, c = x, 1", (41, 1)),
        ("d = {}\nd['k'] = x", 41),
        ("d = {}\nd['k'] = y = [x]", [41]),
        ("if x > 40:\n    x + 1\nelse:\n    0", 42),
        ("if x < 40:\n    0\nelif x > 40:\n    y = x + 1", 42),
        ("if x < 40:\n    0", None),
        ("from contextlib import nullcontext as c\nwith c(x) as y:\n    y + 1", 42),
        ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    x + 1", 42),
        ("try:\n    y = x\nexcept ValueError:\n    0\nelse:\n    y + 1\nfinally:\n    7", 42),
        ("match x:\n    case 41 as y:\n        y + 1", 42),
        ("y = 1\ndel y", None),
        ("", None),
        ("# only words", None),
        ("def f(n):\n    return n + x\nf(1)", 42),
        ("[x + i for i in range(2)]", [41, 42]),
        ("for i in range(3):\n    x", None),
    ],
)
def test_the_last_expression_is_the_value(body: str, value: object) -> None:
    assert cell(body)(41) == value


def test_an_assignment_runs_once() -> None:
    body = "calls = []\ndef f():\n    calls.append(1)\n    return calls\nd = {}\nd['k'] = f()"
    assert cell(body)(0) == [1]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("for i in []: i", "a `for` loop"),
        ("while False: 1", "a `while` loop"),
        ("def f(): 1", "a definition"),
        ("import os", "an import"),
        ("pass", "a statement"),
        ("if x:\n    pass", "a statement"),
        ("# words", "nothing but comments"),
        ("x", None),
        ("raise x", None),
        ("y = x", None),
        ("if x:\n    y = x", None),
    ],
)
def test_what_never_gives_a_value_is_said_in_words(body: str, what: str | None) -> None:
    tree = ast.parse(body)
    assert what_gives_none(tree.body) == what
    assert ast.unparse(tree) == ast.unparse(ast.parse(body))


@pytest.mark.parametrize("body", ["y = f(x)", "a, b = x, 1", "n = 1\nn += x"])
def test_what_others_hang_on_nodes_is_not_copied(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # IPython does so to show an error, and the node is in the trees of all files.
    name = ast.parse("x", mode="eval").body
    assert isinstance(name, ast.Name)
    assert getattr(ast.parse("y", mode="eval").body, "ctx", None) is name.ctx
    monkeypatch.setattr(name.ctx, "parent", Lock(), raising=False)
    assert what_gives_none(ast.parse(body).body) is None


def test_names_come_back_beside_the_value() -> None:
    body = ParallelCell("x", HEADER, "a = x\nb = [x]\nx + 1", {}, NAME, ["a", "b"])
    assert pickle.loads(pickle.dumps(body))(41) == {OWN: 42, "a": 41, "b": [41]}


def test_a_name_that_was_not_assigned_is_an_error() -> None:
    body = ParallelCell("x", HEADER, "if x:\n    a = x", {}, NAME, ["a"])
    assert body(1) == {OWN: 1, "a": 1}
    with pytest.raises(NameError, match="--pull has no 'a' to bring: the cell has not assigned it"):
        body(0)


def test_a_body_has_no_future_of_ours() -> None:
    # Where annotations are evaluated, that is an error.
    with pytest.raises(NameError):
        cell("def f(a: missing): return a\nf.__annotations__")(1)


def test_a_cell_in_the_background_has_no_item() -> None:
    body = BackgroundCell(None, "%%pool_submit", "k + 1", {"k": 41}, NAME)
    assert pickle.loads(pickle.dumps(body))() == 42


def test_a_cell_on_every_worker_keeps_what_it_assigns() -> None:
    body = EverywhereCell(None, "%%pool_run", "a = k + 1\na", {"k": 41}, NAME)
    assert body() == 42
    assert body.names["a"] == 42


def test_what_a_cell_on_every_worker_loads_is_no_value() -> None:
    body = EverywhereCell(None, "%%pool_run", "import math\na = math", {}, NAME)
    assert body() is None
    assert body.names["a"].__name__ == "math"


def test_an_item_is_unpacked_as_in_a_loop() -> None:
    assert cell("a * b", "a, b")((6, 7)) == 42
    assert cell("rest", "first, *rest")([1, 2, 3]) == [2, 3]


def test_the_notebooks_names_are_there() -> None:
    assert cell("x + k", k=1)(41) == 42


def test_the_item_hides_a_name_of_the_notebook() -> None:
    assert cell("x", x="notebook's")("item's") == "item's"


def test_an_item_does_not_see_what_another_one_left() -> None:
    body = cell("seen = 'y' in globals()\ny = x\nseen")
    assert [body(1), body(2)] == [False, False]


def test_a_name_that_is_bound_again_is_the_notebooks_for_the_next_item() -> None:
    body = cell("k = k + x\nk", k=1)
    assert [body(1), body(1)] == [2, 2]


def test_nothing_leaks_into_this_module() -> None:
    cell("leaked = x")(1)
    assert "leaked" not in globals()


def test_a_body_that_awaits_gives_a_coroutine() -> None:
    running = cell("import asyncio\nawait asyncio.sleep(0)\nx + 1")(41)
    assert inspect.iscoroutine(running)
    assert asyncio.run(running) == 42


def test_it_travels_as_its_source() -> None:
    body = cell("def f():\n    return k * x\nf()", k=2)
    assert body(21) == 42
    back = pickle.loads(pickle.dumps(body))
    assert back(21) == 42
    assert back.__name__ == "parallel cell"


def test_a_traceback_has_the_cells_own_line() -> None:
    body = cell("y = x\n\n1 / y  # here")
    with pytest.raises(ZeroDivisionError) as caught:
        body(0)
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.filename, frame.lineno, frame.line) == (NAME, 4, "1 / y  # here")


def test_an_item_of_another_shape_is_an_error_of_the_first_line() -> None:
    with pytest.raises(ValueError, match="unpack") as caught:
        cell("a", "a, b")((1, 2, 3))
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.filename, frame.lineno, frame.line) == (NAME, 1, HEADER)


def test_a_body_that_is_no_python_is_a_syntax_error_at_its_line() -> None:
    with pytest.raises(SyntaxError) as caught:
        cell("x\ny = = 1")
    assert (caught.value.filename, caught.value.lineno) == (NAME, 3)


def test_a_body_takes_its_future_from_the_notebook() -> None:
    assert cell("from __future__ import annotations\ndef f(a: missing): return a\nf(x)")(1) == 1


class Noisy:
    """Ends in a collection, where another thread may have its turn."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        for _ in range(50):
            pass


def test_threads_can_compile_bodies_at_the_same_time() -> None:
    lines = "".join(f"    y{i} = [(x + {i}) * 2 for z in range(3)]\n" for i in range(100))

    def compile_one(_: int) -> Any:
        for _ in range(10):
            Noisy()
        return compile_body(f"if x:\n{lines}x", NAME, "x")

    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(20)
    try:
        with ThreadPoolExecutor(4) as threads:
            codes = list(threads.map(compile_one, range(100)))
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*threshold)
    assert len({code.co_code for code in codes}) == 1
