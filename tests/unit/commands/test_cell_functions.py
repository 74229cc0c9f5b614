"""Cells that share a variable with a function of the notebook: no worker could do that."""

from __future__ import annotations

import pytest

from .conftest import Notebook

HELPERS = """
import functools, math, decimal
base, counter, scale = 10, 0, 3
def helper(v): return v * base
def outer(v): return helper(v) + 1
def bump():
    global counter
    counter += 1
def root(v): return math.sqrt(v)
def largest(vs): return max(vs)
class Model:
    def predict(self, v): return v * base
    @property
    def width(self): return base
model = Model()
cached = functools.cache(helper)
part = functools.partial(helper, 1)
by_name = {"h": helper}
"""


@pytest.mark.parametrize(
    ("cell", "function"),
    [
        ("%%pool_map base in [1, 2]\nhelper(1)", "helper"),
        ("%%pool_map v, base in [(1, 2)]\nmap(helper, [v])", "helper"),
        ("%%pool_map x in [1]\nbase = x\nhelper(1)", "helper"),
        ("%%pool_map x in [1]\nbase = x\nouter(1)", "helper"),
        ("%%pool_map x in [1]\nfor i in [1, 2]:\n    y = helper(1)\n    base = i\ny", "helper"),
        ("%%pool_map x in [1]\ndef late(): return helper(1)\nbase = x\nlate()", "helper"),
        ("%%pool_map x in [1]\nbase = x\nmodel.predict(1)", "Model.predict"),
        ("%%pool_map x in [1]\nbase = x\nModel().width", "Model.predict"),
        ("%%pool_map x in [1]\nbase = x\ncached(1)", "helper"),
        ("%%pool_map x in [1]\nbase = x\npart()", "helper"),
        ("%%pool_map x in [1]\nbase = x\nby_name['h'](x)", "helper"),
        ("%%pool_map x in [1]\nif (base := x):\n    helper(1)", "helper"),
        ("%%pool_map x in [1]\ndef helper(v): return 0\nouter(x)", "outer"),
        ("%%pool_submit -o job\nbase = 2\nhelper(1)", "helper"),
        ("%%pool_run\nbase = 2\nhelper(1)", "helper"),
    ],
)
def test_a_function_would_not_see_what_the_cell_assigns(
    notebook: Notebook, cell: str, function: str
) -> None:
    notebook.run(HELPERS)
    name = "helper" if function == "outer" else "base"
    assert (
        f"The cell assigns `{name}`, but `{function}` would not see that on a worker: it reads the "
        f"notebook's `{name}`. Pass the value to `{function}` as an argument."
    ) in notebook.fails(cell)


@pytest.mark.parametrize("body", ["bump()\ncounter", "counter = x\nbump()"])
def test_a_cell_would_not_see_what_a_function_sets(notebook: Notebook, body: str) -> None:
    notebook.run(HELPERS)
    assert (
        "The cell uses `counter`, and `bump` sets it with `global`: on a worker each has a "
        "`counter` of its own. Let `bump` return the value, and assign it in the cell."
    ) in notebook.fails(f"%%pool_map x in [1]\n{body}")


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ("x in [1, 2]\ny = helper(x)\nbase = y + 1", [11, 21]),
        ("x in [1]\nbase = helper(x)", [10]),
        ("x in [4]\nimport math\nroot(x)", [2.0]),
        ("x in [4]\nmax = largest([x])\nmax", [4]),
        ("x in [1]\nscale = x\nhelper(x)", [10]),
        ("x in [1]\nbump()\nx", [1]),
        ("base in [1]\n(lambda base: base)(base)", [1]),
    ],
)
def test_functions_that_use_nothing_of_the_cell_are_called(
    notebook: Notebook, cell: str, values: list[object]
) -> None:
    notebook.run(HELPERS)
    assert notebook.run(f"%%pool_map {cell}") == values
