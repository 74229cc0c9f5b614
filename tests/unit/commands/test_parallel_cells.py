"""`%%pool_map` in a notebook: what its cells read, give and show."""

from __future__ import annotations

import threading
import traceback
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.history import History

from .conftest import Notebook
from .gate import GATE, WAIT


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ("x in [1, 2]\nx + 1", [2, 3]),
        ("x in [1, 2]\ny = x + 1", [2, 3]),
        ("x in [1, 2]\nif x > 1:\n    y = x * 10\nelse:\n    'small'", ["small", 20]),
        ("a, (b, *c) in [(1, (2, 3, 4))]\n[a, b, c]", [[1, 2, [3, 4]]]),
        ("*a, b in ['abc']\na, b", [(["a", "b"], "c")]),
        ("x in [{'a': 1}, {2: 3}]\nx", [{"a": 1}, {2: 3}]),
        ("x in ['$HOME', '{x}']\nx", ["$HOME", "{x}"]),
        ("-c auto --strict --total 2 --starmap a, b in [(1, 2)]\na + b", [3]),
    ],
)
def test_a_cell_runs_for_each_item(notebook: Notebook, cell: str, values: list[Any]) -> None:
    notebook["HOME"] = notebook["x"] = "the notebook's"
    assert notebook.run(f"%%pool_map {cell}") == values


def test_braces_in_a_line_stay_what_they_are(notebook: Notebook) -> None:
    # IPython would take them for places to fill in, and `{1:2}` for the number 1 in two columns.
    notebook.run("def f(x): return x")
    assert notebook.run("%pool_map f [{1:2}]") == [{1: 2}]


def test_a_name_that_grows_is_the_notebooks(notebook: Notebook) -> None:
    notebook["total"] = 100
    assert notebook.run("%%pool_map x in [1, 2]\ntotal += x\ntotal") == [101, 102]
    assert notebook["total"] == 100


def test_names_that_the_cell_binds_itself_are_not_sent(notebook: Notebook) -> None:
    # The notebook has things under these names that cannot be sent.
    notebook["x"] = notebook["f"] = notebook["i"] = threading.Lock()
    cell = "x in [1]\nwith open(__import__('os').devnull) as f:\n    f.read()\n[i for i in [x]]"
    assert notebook.run(f"%%pool_map {cell}") == [[1]]


def test_a_worker_has_its_own_open(notebook: Notebook) -> None:
    # IPython puts a function of its own under this name, and a worker has no IPython.
    cell = "%%pool_map x in [1]\nimport builtins\nopen is builtins.open"
    assert notebook.run(cell) == [True]
    notebook["open"] = print
    assert notebook.run("%%pool_map x in [1]\nopen.__name__") == ["print"]


def test_assigned_names_come_back_by_item(notebook: Notebook) -> None:
    notebook.run(
        "%%pool_map --pull square, words -o r n in [1, 2]\nsquare = n * n\nwords = ['w'] * n\nn"
    )
    assert notebook["square"] == [1, 4]
    assert notebook["words"] == [["w"], ["w", "w"]]
    assert notebook["r"] == [1, 2]
    notebook.run("%%pool_map --pull n --pull square n in [3]\nimport math as square")
    assert notebook["n"] == [3]
    assert notebook["square"][0].__name__ == "math"


def test_names_come_when_a_job_ends_that_nobody_waits_for(notebook: Notebook) -> None:
    GATE.clear()
    notebook["a"] = "old"
    notebook.run(f"%%pool_map -a -o r --pull a x in [1, 2]{WAIT}a = x")
    assert notebook["a"] == "old"
    GATE.set()
    notebook.run("r.wait()")
    assert notebook.gets("a", [1, 2])


def test_errors_that_are_kept_stand_among_the_names(notebook: Notebook) -> None:
    notebook.run("%%pool_map --return-exceptions -o r --pull a x in [1, 0]\na = 1 / x")
    assert notebook["a"][0] == 1
    assert isinstance(notebook["a"][1], ZeroDivisionError)


def test_no_name_comes_from_a_job_that_failed_until_it_was_retried(
    notebook: Notebook, history: History
) -> None:
    notebook["a"] = "old"
    body = "from tests.unit.commands.gate import GATE\na = x + 1 / GATE.is_set()"
    GATE.clear()
    shown = notebook.fails(f"%%pool_map --pull a x in [1, 0]\n{body}")
    assert "ZeroDivisionError" in shown
    assert notebook["a"] == "old"
    GATE.set()
    history.last().retry_failed()
    assert notebook.gets("a", [2, 1])


def test_an_item_that_does_not_assign_a_name_fails(notebook: Notebook) -> None:
    shown = notebook.fails("%%pool_map --pull a x in [1, 0]\nif x:\n    a = x")
    assert "NameError: --pull has no 'a' to bring: the cell has not assigned it" in shown
    assert "item 1 of 2" in shown


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("--pull b x in [1]\na = x", "--pull has no 'b' to bring: the cell assigns a, x."),
        ("--pull 1a x in [1]\nx", "--pull expects names with commas between them, not '1a'"),
        ("--push zzz x in [1]\nx", "--push has no 'zzz' to send"),
        ("--timout 5 x in [1]\nx", "no option --timout; did you mean --timeout?"),
        ("--n-jobs 5 x in [1]\nx", "no option --n-jobs; it is --workers"),
        ("x in [1] --seed 5\nx", "Options stand before it: `%%pool_map --seed … NAME in"),
        ("x in [1] -o r\nx", "Options stand before it: `%%pool_map -o … NAME in"),
        ("-timeout 5 x in [1]\nx", "Options stand before it: `%%pool_map --timeout …"),
        ("xs\nx", "expected `%%pool_map NAME in ITERABLE`, not 'xs'"),
    ],
)
def test_a_mistake_in_the_line_is_said_in_one_line(
    notebook: Notebook, cell: str, words: str
) -> None:
    shown = notebook.fails(f"%%pool_map {cell}")
    assert words in shown
    assert "Traceback" not in shown


def test_names_can_be_sent_that_the_code_does_not_show(notebook: Notebook) -> None:
    notebook["limit"] = 7
    cell = "x in [1]\neval('lim' + 'it')"
    assert "NameError" in notebook.fails(f"%%pool_map {cell}")
    assert notebook.run(f"%%pool_map --push limit {cell}") == [7]


@pytest.mark.parametrize(
    ("body", "line", "error"),
    [
        ("y = x\nz = = 1", "Cell In[{n}], line 3\n    z = = 1", "SyntaxError: invalid syntax"),
        ("y = x\nreturn y", "Cell In[{n}], line 3\n    return y", "'return' outside function"),
        ("for i in x:\nbreak", "Cell In[{n}], line 3", "IndentationError: expected an indented"),
        ("y = x\nbreak", "Cell In[{n}], line 3\n    break", "'break' outside loop"),
        ("x\n%time x", "Cell In[{n}], line 3\n    %time x", "a worker knows no magics"),
        ("\n\nx\n%time x", "Cell In[{n}], line 5\n    %time x", "a worker knows no magics"),
        ("!ls", "Cell In[{n}], line 2\n    !ls", "a worker knows no magics"),
        ("x\ny = !ls", "Cell In[{n}], line 3\n    y = !ls", "a worker knows no magics"),
        ("x\nx?", "Cell In[{n}], line 3\n    x?", "a worker knows no magics"),
    ],
)
@pytest.mark.parametrize("magic", ["pool_map x in [1]", "pool_submit", "pool_run"])
def test_a_body_that_is_no_python_is_shown_as_any_cell(
    notebook: Notebook, history: History, magic: str, body: str, line: str, error: str
) -> None:
    number = notebook.shell.execution_count
    shown = notebook.fails(f"%%{magic}\n{body}")
    assert line.format(n=number) in shown
    assert error in shown
    assert "Traceback" not in shown
    assert history.entries() == []


def test_the_same_error_under_another_magic_is_shown_too(notebook: Notebook) -> None:
    shown = notebook.fails("%%time\n%%pool_map x in [1]\ny = = x")
    assert "SyntaxError: invalid syntax" in shown
    assert "y = = x" in shown


def test_a_misspelled_iterable_is_shown_at_its_place(notebook: Notebook) -> None:
    number = notebook.shell.execution_count
    shown = notebook.fails("%%pool_map x in missing\nx")
    assert f"Cell In[{number}], line 1\n----> 1 %%pool_map x in missing" in shown
    assert shown.strip().endswith("NameError: name 'missing' is not defined")
    assert "interactiveshell" not in shown
    shown = notebook.fails("y = 1\n\nr = %pool_map abs missing")
    assert f"Cell In[{number + 1}], line 3\n" in shown
    assert "interactiveshell" not in shown
    assert "<%pool_map>" not in shown


def test_an_error_of_an_iterable_is_shown_with_its_own_lines(notebook: Notebook) -> None:
    notebook.run("def load():\n    return 1 / 0")
    shown = notebook.fails("%%pool_map x in load()\nx")
    assert "----> 2     return 1 / 0" in shown
    assert "interactiveshell" not in shown


def test_an_error_in_a_body_has_the_cells_own_lines(notebook: Notebook) -> None:
    number = notebook.shell.execution_count
    shown = notebook.fails("%%pool_map x in [0]\n\n1 / x")
    assert f"Cell In[{number}], line 3, in <module>\n    1 / x" in shown
    assert "item 0 of 1 (args: 0)" in shown


def test_the_place_in_the_line_is_marked(notebook: Notebook) -> None:
    marked = "range(3) [1, missing]"
    shown = notebook.fails(f"%pool_map {marked}")
    assert "NameError: name 'missing' is not defined" in shown
    done = notebook.execute(f"%pool_map {marked}")
    rows = "".join(traceback.format_exception(done.error_in_exec)).splitlines()
    place = [number for number, row in enumerate(rows) if marked in row][-1]
    line, carets = rows[place : place + 2]
    assert line[carets.index("^") : carets.rindex("^") + 1] == "missing"


def test_what_cannot_be_sent_is_named_and_what_to_do(notebook: Notebook) -> None:
    shown = notebook.fails("%%pool_map --pull g x in [1]\ng = (i for i in [])\n1")
    assert "cannot send the result (`dict`) to the notebook: its item 'g': a running gen" in shown
    shown = notebook.fails("%%pool_map x in [1]\ng = (i for i in [])")
    assert "End the cell with `None` if the notebook does not need it." in shown
    shown = notebook.fails("%pool_map (lambda x: (i for i in [])) [1]")
    assert "cannot send the result" in shown
    assert "End the cell" not in shown


def test_the_notebook_is_told_once_that_a_cell_has_no_value(notebook: Notebook) -> None:
    cell = "%%pool_map -o r x in [1, 2]\nfor i in range(x):\n    pass"
    notebook.run(cell)
    said = notebook.shown()
    assert said.count("The cell ends with a `for` loop, so each item has the value None.") == 1
    notebook.run(cell)
    assert "The cell ends" not in notebook.shown()
    assert notebook["r"] == [None, None]


@pytest.mark.parametrize("cell", ["x in [1]\nprint(x)", "--pull x x in [1]\nimport os"])
def test_nobody_is_told_so_whose_cell_gives_something(notebook: Notebook, cell: str) -> None:
    notebook.run(f"%%pool_map {cell}")
    assert "The cell ends" not in notebook.shown()


@pytest.mark.parametrize(
    "cell",
    [
        *("%pool_map -h", "%%pool_map -h", "%%pool_map -h\n", "%%pool_map --help x in y\nx"),
        "%pool_map --seed 3 -h",
    ],
)
def test_help_is_there_with_and_without_a_cell(notebook: Notebook, cell: str) -> None:
    assert notebook.execute(cell).success
    assert "%%pool_map [options] NAME in ITERABLE" in notebook.shown()


def test_a_line_has_no_names_to_bring(notebook: Notebook) -> None:
    assert "--pull and --push are for cells" in notebook.fails("%pool_map --pull a abs [1]")


def test_more_workers_than_there_are_are_said_once(
    notebook: Notebook, pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyterlite_pool.api.shared._told", set())
    with pytest.warns(UserWarning, match="max_workers=8, but the pool has 2 workers") as said:
        notebook.run("%pool_map -w 8 -o r abs [1]\n%pool_map -w 8 abs [1]")
    assert len(said) == 1
    assert "max_workers=8 had no effect: the pool had 2." in notebook["r"].insights()
    notebook.run("%pool_map -w 2 -o r abs [1]")
    assert "max_workers" not in notebook["r"].insights()


def test_names_that_a_function_in_place_of_the_cell_cannot_bring_are_said(
    notebook: Notebook, history: History
) -> None:
    notebook["a"] = "old"
    notebook.fails("%%pool_map --pull a x in [0]\na = 1 / x")
    notebook["r"] = result = history.last()
    notebook.run("r.retry_failed(fn=lambda x: 7)")
    assert result == [7]
    assert "--pull has not set `a`: items ran again with a function" in notebook.shown()
    assert notebook["a"] == "old"


def test_a_name_that_cannot_be_sent_is_not_called_the_value(notebook: Notebook) -> None:
    shown = notebook.fails("%%pool_map --pull a x in [1]\nimport threading\na = threading.Lock()")
    assert "The cell brings `a` and its value" in shown
    assert "Leave out of `--pull` what cannot be sent" in shown


def test_a_docstring_may_come_before_imports_of_the_future(notebook: Notebook) -> None:
    cell = "'Says what it does.'\nfrom __future__ import annotations\nx + 1"
    assert notebook.run(f"%%pool_map x in [1]\n{cell}") == [2]


def test_no_place_of_an_assignment_is_looked_for_twice(notebook: Notebook) -> None:
    cell = "it, d = iter(['k']), {}\nd[next(it)], y = x, 2"
    assert notebook.run(f"%%pool_map x in [1]\n{cell}") == [None]
    assert "The cell ends with an assignment to places that calls find" in notebook.shown()


def test_what_cannot_be_iterated_is_named(notebook: Notebook) -> None:
    assert "`count` is no iterable but 'int': a cell runs for each item" in notebook.fails(
        "count = 5\nget_ipython().run_cell_magic('pool_map', 'x in count', 'x')"
    )


def test_a_name_that_cannot_be_sent_to_a_cell_is_named(notebook: Notebook) -> None:
    notebook["guard"] = threading.Lock()
    shown = notebook.fails("%%pool_map x in [1]\nguard")
    assert "the name `guard` that the cell reads" in shown
    assert "`names`" not in shown
