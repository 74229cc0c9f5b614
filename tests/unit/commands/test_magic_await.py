"""Cells rewritten to await `%pool_map`, as IPython hands them over."""

from __future__ import annotations

import inspect

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from jupyterlite_pool.commands import magics as _magics
from jupyterlite_pool.commands.magic_await import await_magics

from .conftest import Notebook


def rewrite(cell: str) -> str:
    """What comes of a cell of a notebook."""
    python = TransformerManager().transform_cell(cell)
    return "".join(await_magics(python.splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("cell", "rewritten"),
    [
        ("%pool_map f xs", "await get_ipython().run_line_magic('_pool_map', 'f xs')\n"),
        ("r = %pool_map f xs", "r = await get_ipython().run_line_magic('_pool_map', 'f xs')\n"),
        (
            "a, b = %pool_map -w 2 f (1, 2)",
            "a, b = await get_ipython().run_line_magic('_pool_map', '-w 2 f (1, 2)')\n",
        ),
        (
            "%%pool_map x in xs\ny = x\ny * 2",
            "await get_ipython().run_cell_magic('_pool_map', 'x in xs', 'y = x\\ny * 2\\n')\n",
        ),
        (
            "é = 1; s = '\x0c'\nif é:\n    r = %pool_map f xs\nr",
            "é = 1; s = '\x0c'\nif é:\n"
            "    r = await get_ipython().run_line_magic('_pool_map', 'f xs')\nr\n",
        ),
        (
            "async def g():\n    r = %pool_map f xs\n    return r",
            "async def g():\n"
            "    r = await get_ipython().run_line_magic('_pool_map', 'f xs')\n    return r\n",
        ),
    ],
)
def test_the_magic_is_awaited(cell: str, rewritten: str) -> None:
    assert rewrite(cell) == rewritten


@pytest.mark.parametrize("magic", ["pool_map", "pool_submit", "pool_run"])
def test_every_magic_that_may_wait_has_a_form_that_is_awaited(magic: str) -> None:
    assert rewrite(f"%%{magic} -o r x in xs\nx") == (
        f"await get_ipython().run_cell_magic('_{magic}', '-o r x in xs', 'x\\n')\n"
    )
    assert inspect.iscoroutinefunction(getattr(_magics.PoolMagics, f"_{magic}"))


def test_cells_give_the_same_where_they_are_awaited(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_magics, "can_block", lambda: False)
    assert notebook.run("%%pool_map --pull y x in [1, 2]\ny = x * 2") == [2, 4]
    assert notebook["y"] == [2, 4]
    notebook.run("%%pool_run\nonly_there = 5")
    assert notebook.shown().endswith("each worker that starts later runs it, too.\n")
    notebook.run("%%pool_submit -o job --pull z\nz = only_there + 1")
    assert notebook.run("await job") == 6
    assert notebook["z"] == 6
    for name in ("pool_map", "pool_run", "pool_submit"):
        assert notebook.execute(f"%%{name} -h\nx").success
        assert f"%%{name}" in notebook.shown()


def test_each_of_several_is_awaited() -> None:
    lines = rewrite("%pool_map f xs\nprint('é'); n = 0\nr = %pool_map g ys").splitlines()
    assert [line.count("await ") for line in lines] == [1, 0, 1]
    assert [line.count("_pool_map'") for line in lines] == [1, 0, 1]


def test_calls_written_out_side_by_side_are_awaited() -> None:
    call = "get_ipython().run_line_magic('pool_map', 'é xs')"
    awaited = "await get_ipython().run_line_magic('_pool_map', 'é xs')"
    assert rewrite(f"{call}; é = {call}") == f"{awaited}; é = {awaited}\n"


@pytest.mark.parametrize(
    "cell",
    [
        "def g():\n    r = %pool_map f xs\n    return r\n",
        "class A:\n    r = %pool_map f xs\n",
        "async def g():\n    def h():\n        %pool_map f xs\n",
    ],
    ids=["in a function", "in a class", "in a function of a coroutine"],
)
def test_where_await_is_no_python_nothing_changes(cell: str) -> None:
    assert "get_ipython().run_line_magic('pool_map', 'f xs')" in rewrite(cell)
    assert "await" not in rewrite(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "%pool status\n",
        "%time pool_map(f, xs)\n",
        "from jupyterlite_pool import pool_map\npool_map(f, xs)\n",
        "text = \"get_ipython().run_line_magic('pool_map', 'f xs')\"\n",
        "other().run_line_magic('pool_map', 'f xs')\n",
    ],
)
def test_other_code_stays_as_it_is(cell: str) -> None:
    assert rewrite(cell) == TransformerManager().transform_cell(cell)


def test_what_is_no_python_is_left_to_those_who_say_so() -> None:
    assert await_magics(["pool_map f (\n"]) == ["pool_map f (\n"]


LINES = ["get_ipython().run_line_magic('pool_map', 'f xs')\n"]


def test_cells_that_can_wait_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _magics.await_magics_where_needed(LINES) == LINES
    monkeypatch.setattr(_magics, "can_block", lambda: False)
    assert _magics.await_magics_where_needed(LINES) == await_magics(LINES) != LINES


def test_cells_that_a_magic_runs_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_magics, "can_block", lambda: False)

    def run_cell_magic() -> list[str]:
        return _magics.await_magics_where_needed(LINES)

    assert run_cell_magic() == LINES
