"""`%%pool_run`: cells that every worker runs, and what tasks find of them."""

from __future__ import annotations

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.commands import everywhere as _everywhere
from tests.support.settled import workers_are_ready

from .conftest import Notebook
from .gate import GATE, THERE, WAIT

SAID = "The cell ran on 2 workers; each worker that starts later runs it, too.\n"


def test_tasks_find_what_a_cell_assigns(notebook: Notebook) -> None:
    assert (
        notebook.run("%%pool_run\nfrom math import sqrt\nbase = 7\ndef add(x): return base + x")
        is None
    )
    assert notebook.shown() == SAID
    assert "base" not in notebook
    notebook.run("def f(x):\n    return add(sqrt(x))")
    assert notebook.run("%pool_map f [1, 4]") == [8.0, 9.0]
    assert notebook.run("%pool_map (lambda x: base) [1]") == [7]
    assert notebook.run("%%pool_map x in [1, 4]\nadd(x), base") == [(8, 7), (11, 7)]
    notebook.run("%%pool_submit -o job\nadd(100)")
    assert notebook.run("job.result()") == 107


def test_later_cells_go_on_with_what_earlier_ones_have_assigned(notebook: Notebook) -> None:
    notebook.run("%%pool_run\nrows = [1]\nn = 1\ndef count(): return n, rows")
    notebook.run("def f(x): return n, rows, count()")
    assert notebook.run("%pool_map f [0]") == [(1, [1], (1, [1]))]
    notebook.run("%%pool_run\nrows.append(2)\nn += 1")
    assert notebook.run("%pool_map f [0]") == [(2, [1, 2], (2, [1, 2]))]
    assert notebook.run("%%pool_map x in [0]\nn, rows") == [(2, [1, 2])]


def test_a_name_of_the_notebook_counts_more(notebook: Notebook) -> None:
    notebook["base"], notebook["other"] = 100, 1
    notebook.run("%%pool_run -o r\nbase = other + 1\nbase")
    assert notebook["r"] == [2, 2]
    assert notebook.shown().startswith(
        "The notebook has `base`, too: functions and cells that run on workers get the notebook's."
    )
    notebook.run("def f(x): return base + x")
    assert notebook.run("%pool_map f [1]") == [101]
    assert notebook.run("%%pool_map x in [1]\nbase + x") == [101]
    notebook.run("del base")
    assert notebook.run("%pool_map f [1]") == [3]
    notebook.run("base = 2")  # as the workers' own
    assert notebook.run("%pool_map f [1]") == [3]
    notebook.run("%%pool_run\nbase = 50")
    assert notebook.run("%pool_map f [1]") == [3]


@pytest.mark.parametrize("option", ["--pull n", "-o n"])
def test_a_name_that_comes_to_the_notebook_counts_more(notebook: Notebook, option: str) -> None:
    notebook.run(f"%%pool_run {option}\nn = 5\nn")
    assert notebook.shown().startswith(
        "The notebook has `n`, too: functions and cells that run on workers get the notebook's."
    )
    assert notebook.run("%%pool_map x in [1]\nn") == [[5, 5]]


def test_a_worker_that_starts_later_runs_it_too(
    notebook: Notebook, pool: WorkerPoolExecutor
) -> None:
    notebook.run("%%pool_run\nimport itertools\nmine = 5")
    pool.scale(3)
    workers_are_ready(pool)
    notebook.run("from jupyterlite_pool import current_worker")
    cell = (
        "%%pool_map -c 1 x in range(30)\nimport time\ntime.sleep(0.001)\nmine, current_worker().id"
    )
    assert {mine for mine, _ in notebook.run(cell)} == {5}


def test_a_cell_that_runs_again_is_run_once_by_later_workers(
    notebook: Notebook, pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_everywhere, "current_cell_id", lambda: "its id")
    calls = pool._pool.dispatcher.set_ups._calls
    notebook.run("%%pool_run\nmine = 1")
    notebook.run("%%pool_run\nmine = 2")
    assert len(calls) == 1
    assert notebook.run("%%pool_map x in range(8)\nmine") == [2] * 8
    monkeypatch.setattr(_everywhere, "current_cell_id", lambda: None)
    for _ in range(2):
        notebook.run("%%pool_run\nmore = 3")
    assert len(calls) == 2


def test_values_and_names_come_by_worker(notebook: Notebook) -> None:
    cell = "%%pool_run --pull a\nfrom jupyterlite_pool import current_worker as c\na = c().id\n-a"
    values = notebook.run(cell)
    assert sorted(values) == [-1, 0]
    assert notebook["a"] == [-value for value in values]


def test_an_error_is_shown_with_the_cells_lines_and_no_later_worker_runs_it(
    notebook: Notebook, pool: WorkerPoolExecutor
) -> None:
    number = notebook.shell.execution_count
    shown = notebook.fails("%%pool_run\nmine = 1\nmine / 0")
    assert f"Cell In[{number}], line 3, in <module>\n    mine / 0" in shown
    assert "No later worker runs this cell: correct it and run it again." in shown
    assert pool._pool.dispatcher.set_ups._calls == []
    assert "NameError" in notebook.fails("%%pool_map x in [1]\nmissing_in_workers")


def test_what_comes_from_a_module_is_the_same_here_and_there(notebook: Notebook) -> None:
    notebook.run("import math\nfrom math import sqrt")
    notebook.run("%%pool_run\nimport math\nfrom math import sqrt")
    assert notebook.shown() == SAID


@pytest.mark.parametrize("awaits", [False, True])
def test_an_interrupt_stops_the_workers_that_run_it(
    notebook: Notebook,
    pool: WorkerPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    awaits: bool,
) -> None:
    def interrupted(*_: object) -> None:
        assert THERE.wait(10)
        raise KeyboardInterrupt

    GATE.clear()
    THERE.clear()
    monkeypatch.setattr("jupyterlite_pool.commands.magics.can_block", lambda: not awaits)
    monkeypatch.setattr("jupyterlite_pool.waiting.futures.PoolFuture.result", interrupted)
    monkeypatch.setattr("jupyterlite_pool.waiting.futures.PoolFuture.__await__", interrupted)
    before = {worker.id for worker in pool.status().workers}
    assert "KeyboardInterrupt" in notebook.fails(f"%%pool_run{WAIT}")
    assert pool._pool.dispatcher.set_ups._calls == []
    assert before != {worker.id for worker in pool.status().workers}
    monkeypatch.undo()
    assert notebook.run("%pool_map abs [-1]") == [1]
    GATE.set()


def test_a_body_that_awaits_shares_its_names(notebook: Notebook) -> None:
    notebook.run("%%pool_run\nimport asyncio\nawait asyncio.sleep(0)\nlate = 3")
    assert notebook.run("%%pool_map x in [1]\nlate") == [3]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%%pool_run f\nx", "%%pool_run takes options alone, not 'f'"),
        ("%pool_run", "%%pool_run has a cell under it"),
        ("%%pool_run --seed 3\nx", "%%pool_run has no option --seed"),
    ],
)
def test_a_mistake_in_its_line_is_said(notebook: Notebook, cell: str, words: str) -> None:
    assert words in notebook.fails(cell)


@pytest.mark.parametrize("cell", ["%pool_run -h", "%%pool_run -h"])
def test_it_has_help(notebook: Notebook, cell: str) -> None:
    notebook.run(cell)
    assert "Run the cell once on every worker" in notebook.shown()
