"""Which cells wait for which, and which of them workers run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyterlite_pool.commands.parallel.plan import make_plan

from .as_the_page import RefusedError, in_parallel, one_by_one


def after(*cells: str, names: dict[str, Any] | None = None) -> list[tuple[int, ...]]:
    return [step.after for step in make_plan(cells, names or {})]


def workers(*cells: str, names: dict[str, Any] | None = None) -> list[int]:
    plan = make_plan(cells, names or {})
    return [place for place, step in enumerate(plan) if step.on_worker]


def test_cells_that_share_nothing_run_at_the_same_time() -> None:
    cells = ["xs = [1]", "a = work(xs)", "b = work(xs)\nprint(b)", "print(a, b)"]
    assert after(*cells) == [(), (0,), (0,), (1, 2)]
    assert workers(*cells) == [1, 2, 3]


def test_a_loop_variable_keeps_no_cell_waiting() -> None:
    assert after("for i in range(9): a = i", "for i in range(5): b = i") == [(), ()]
    assert after("i = len('a')", "print(i)", "i = len('b')") == [(), (0,), (1,)]


def test_an_object_that_a_cell_changes_is_used_in_order_under_each_of_its_names() -> None:
    cells = ["xs = [1]", "ys = xs", "a = len(ys)", "xs.append(2)", "b = len(ys)"]
    assert after(*cells)[3] == (0, 1, 2)
    assert 3 in after(*cells)[4]
    xs: list[int] = []
    there = {"xs": xs, "ys": [xs]}
    assert after("xs.append(2)", "b = len(ys[0])", names=there) == [(), (0,)]


def test_what_a_function_reads_is_read_where_it_may_be_called() -> None:
    cells = ["def f(): return k", "table = [f]", "k = len('a')", "a = table[0]()"]
    assert 2 in after(*cells)[3]


def test_a_function_of_an_earlier_run_is_looked_into() -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec("def f(): return k", namespace)
    assert after("k = len('a')", "a = f()", names=namespace) == [(), (0,)]


def test_who_may_call_a_function_that_writes_files_runs_in_the_notebook() -> None:
    cells = ["def keep(x):\n    open('a', x)", "a = len('a')", "keep('x')\nb = 1 + a"]
    plan = make_plan(cells, {})
    assert not plan[1].effects.unknown
    assert plan[2].effects.why == "A function that it may call may write files: it calls `open`."
    assert plan[2].after == (0, 1)


def test_a_cell_of_which_nothing_is_known_runs_after_all_and_before_all() -> None:
    cells = ["a = len('a')", "%matplotlib inline", "b = len('b')"]
    assert after(*cells) == [(), (0,), (1,)]


def test_who_reads_the_last_value_lets_all_run_in_order() -> None:
    assert after("a = len('a')", "b = len('b')", "print(_)") == [(), (0,), (0, 1)]


def first(places: list[int] | Any) -> int:
    return int(places[0])


def last(places: list[int] | Any) -> int:
    return int(places[-1])


def test_a_hidden_change_of_what_a_cell_reads_lets_it_run_again_in_the_notebook() -> None:
    cells = ["xs = [1]\ndef f(x):\n    getattr(x, 'append')(2)", "f(xs)", "a = len(xs)"]
    order = iter([0, 1, 1])  # it has ended before cell 2 starts
    outcome = in_parallel(cells, lambda places: next(order, places[0]))
    assert outcome.names["a"] == 2
    assert outcome.moved == {2}


def test_a_hidden_change_is_an_error_if_a_later_cell_has_used_the_old_value() -> None:
    cells = ["xs = [1]\ndef f(x):\n    getattr(x, 'append')(2)", "f(xs)", "a = len(xs)"]
    order = iter([0, 1, 2, 1])  # both start before cell 1 ends
    outcome = in_parallel(cells, lambda places: next(order, places[0]))
    assert outcome.failed is not None
    assert outcome.failed[0] == 1
    assert isinstance(outcome.failed[1], RefusedError)
    assert str(outcome.failed[1]).startswith("It has changed `f` or `xs`, which it reads, in place")
    assert outcome.names["xs"] == [1]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["xs = [[1]]", "first = [xs[0]]"], "What it assigns has something in common with `xs`."),
        (["k = 1", "f = [lambda: k]"], "It assigns a function that it has made: `<lambda>`."),
        (["k = 1", "g = (i for i in range(len(str(k))))"], "What it assigns cannot be sent: "),
        (["import random as r\nk = 1", "f = getattr(r, 'random')()"], "It has changed the random"),
    ],
)
def test_what_cannot_come_back_is_made_in_the_notebook(cells: list[str], why: str) -> None:
    serial, parallel = one_by_one(cells), in_parallel(cells, first)
    assert parallel.failed is None
    assert serial.names.keys() == parallel.names.keys()
    assert 1 not in parallel.moved


def test_a_hidden_change_of_the_environment_is_made_in_the_notebook(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POOL_TEST", "0")
    cells = ["k = 1", "import pathlib as p\nx = p.os.environ.update(POOL_TEST=str(k))"]
    run = in_parallel(cells, first)
    assert run.moved == set()


def test_functions_and_imports_of_a_cell_are_the_notebooks_own() -> None:
    cells = [
        "k = 1",
        "import math\ndef f(): return math.floor(k)\nys = [f() for _i2 in range(3)]",
        "k = 2",
        "print(f())",
    ]
    outcome = in_parallel(cells, last)
    assert 1 in outcome.moved
    assert outcome.names["ys"] == [1, 1, 1]
    assert outcome.names["f"].__globals__ is outcome.names
    assert outcome.printed[3] == "2\n"


def test_arrays_that_share_memory_have_something_in_common() -> None:
    cells = ["import numpy as np\nxs = np.zeros(1000)", "ys = xs[10:20]", "zs = xs + 1"]
    outcome = in_parallel(cells, first)
    assert outcome.moved == {0, 2}
    outcome.names["xs"][:] = 5
    assert outcome.names["ys"][0] == 5


def test_tables_come_back() -> None:
    cells = [
        "import pandas as pd\ntable = pd.DataFrame({'a': [1, 2], 'b': [3, 4]})",
        "twice = table * 2",
        "column = table.loc[:, 'a']\ncolumn.sum()",
    ]
    outcome = in_parallel(cells, first)
    assert 1 in outcome.moved
    assert outcome.names["twice"]["a"].tolist() == [2, 4]


@pytest.mark.parametrize("cell", ["a = [K() for i in range(3)]", "a = K.items"])
def test_what_classes_keep_is_the_notebooks(cell: str) -> None:
    made = "class K:\n    n = 0\n    items = []\n    def __init__(self): K.n += 1"
    outcome = in_parallel([made, "b = 1 + K.n", cell], first)
    assert outcome.moved == {1}
    assert outcome.names["K"].n == (3 if "K()" in cell else 0)
    assert outcome.names["a"] is outcome.names["K"].items or "K()" in cell


def test_imports_that_change_the_process_are_no_change_of_the_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sets_variable.py").write_text("import os\nos.environ['POOL_TEST'] = '1'")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("POOL_TEST", "0")
    assert in_parallel(["import sets_variable\na = len('a')"], first).moved == {0}


WRITES = "import pathlib as p\ndef keep(x):\n    getattr(p.Path('a.txt'), 'write_text')(x)"


@pytest.mark.parametrize("second", ["c = p.Path('a.txt').read_text()", "c = keep('2')"])
def test_files_that_cells_change_in_no_order_are_an_error(
    second: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("0")
    outcome = in_parallel([WRITES, "a = keep('1')", second], last)
    assert outcome.failed is not None
    assert isinstance(outcome.failed[1], RefusedError)
    assert "a.txt`, and so does another cell" in str(outcome.failed[1])


def test_files_that_cells_only_read_or_change_in_order_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("1")
    read = "p.Path('a.txt').read_text()"
    cells = ["import pathlib as p", f"a = {read}", f"b = {read}"]
    assert in_parallel(cells, last).moved == {1, 2}
    cells = [WRITES, "a = keep('1')", "c = [keep('2'), a]"]
    assert in_parallel(cells, last).moved == {1, 2}


def test_names_are_deleted_here_too() -> None:
    outcome = in_parallel(["x = 1\ny = 2", "z = len(str(x))\ndel x", "w = len('a')"], last)
    assert outcome.moved == {1, 2}
    assert "x" not in outcome.names
