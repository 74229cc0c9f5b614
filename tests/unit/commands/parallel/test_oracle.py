"""Cells in parallel give what they give one by one, or an error that says why not."""

from __future__ import annotations

import os
import types
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from .as_the_page import Outcome, RefusedError, in_parallel, one_by_one

NAMES = st.sampled_from("abcdepqrs")
FUNCTIONS = st.sampled_from("fg")
NUMBERS = st.integers(0, 9).map(str)


@st.composite
def statements(draw: st.DrawFn) -> str:
    """A statement that reads, assigns, changes, prints or defines something."""
    a, b, c, f = draw(NAMES), draw(NAMES), draw(NAMES), draw(FUNCTIONS)
    n = draw(NUMBERS)
    if draw(st.integers(0, 9)) < 7:
        return draw(
            st.sampled_from(
                [
                    f"{a} = sorted(text({b}))",
                    f"{a} = [{n}, text({b}), {f}({c})]",
                    f"{a} = {f}({b})",
                    f"print(text([{a}, {b}]))",
                    f"for i in range({n}): {a} = [i]",
                    f"{a} = [{n} for i in text({b})]",
                    f"{a} = [{b}]",
                    f"{f}({a})",
                    f"{a} = [K() for i in range({n})]",
                    f"{a} = K.n",
                    "print(K.n, K.items)",
                    f"{a} = K.items",
                    f"{a} = [K.keep({n}), len(text({b}))]",
                ]
            )
        )
    return draw(
        st.sampled_from(
            [
                f"{a} = {n}",
                f"{a} = [{n}, {n}]",
                f"{a} = {b}",
                f"{a} = [{b}, {c}]",
                f"{a} = {{'x': {b}}}",
                f"{a} = list(text({b}))",
                f"{a} = {b}[0]",
                f"{a}.append({n})",
                f"{a} += [{b}]",
                f"{a} += {n}",
                f"{a}[0] = {b}",
                f"{a}['x'] = {n}",
                f"print(text([{a}, {b}]))",
                f"print(len(text({a})))",
                f"for {a} in range({n}): {b} = {a}",
                f"if text({a}): {b} = {n}",
                f"del {a}",
                f"{a} = {f}({b})",
                f"{f}({a})",
                f"print(text({f}({a})))",
                f"{a} = [{f}]",
                f"{b} = {a}[0]({c})",
                f"def {f}(x): return [x, {a}]",
                f"def {f}(x): return {a}",
                f"def {f}(x):\n    x.append({n})\n    return x",
                f"def {f}(x):\n    {a}.append(x)\n    return {n}",
                f"def {f}(x):\n    global {a}\n    {a} = x",
                f"def {f}(x): return g(x) if isinstance(x, int) else {n}",
                f"{a} = (lambda x: [x, {b}])",
                f"{a} = sorted(text({b}))",
                f"{a} = [{b} for {b} in range({n})]",
                f"getattr({a}, 'append')({n})",
                f"{a} = next(iter({b}))",
                f"exec('{a} = {n}')",
                f"import math\n{a} = math.floor({n})",
                f"class C:\n    kept = {a}\n{b} = C()",
                f"{a} = {b}.kept",
            ]
        )
    )


CELLS = st.lists(
    st.lists(statements(), min_size=1, max_size=3).map("\n".join), min_size=2, max_size=7
)

#: What every notebook of these tests begins with.
START = [
    "a = [1]\nb = [a]\nc = 3\nd = {'x': a}\ne = 'text'\np = [2]\nq = [3, p]\nr = 4\ns = [5]",
    "from tests.unit.commands.parallel.as_the_page import text",
    "class K:\n    n = 0\n    items = []\n    def __init__(self): K.n += 1\n"
    "    @classmethod\n    def keep(cls, x): return cls.items.append(x)",
    "def f(x): return [x, c]\ndef g(x): return len(text(x))",
]


def data(outcome: Outcome) -> Any:
    """The variables of a notebook, with what they have in common."""
    seen: dict[int, tuple[int, object]] = {}
    return {
        name: look(value, seen, outcome.names)
        for name, value in sorted(outcome.names.items())
        if len(name) == 1
    }


def look(value: Any, seen: dict[int, tuple[int, object]], names: Any) -> Any:
    """What a value consists of; an object that comes again is a number."""
    if value is None or isinstance(value, (int, str)):
        return value
    if id(value) in seen:
        return "again", seen[id(value)][0]
    seen[id(value)] = len(seen), value  # kept: the id of an object that is gone may be given again
    if isinstance(value, list):
        return [look(each, seen, names) for each in value]
    if isinstance(value, dict):
        return {key: look(each, seen, names) for key, each in value.items()}
    if isinstance(value, types.FunctionType):
        shares = value.__globals__ is names
        return "function", value.__code__.co_code, shares
    if isinstance(value, type):
        kept = {name: getattr(value, name, None) for name in ("kept", "n", "items")}
        return "class", look(kept, seen, names)
    return type(value).__name__, look(type(value), seen, names), look(vars(value), seen, names)


#: Slow machines take long for one of them.
HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large]


# The same notebooks each time; `make soak` draws new ones.
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=HEALTH)
@given(cells=CELLS, order=st.data(), at_once=st.booleans())
def test_the_result_is_that_of_one_by_one_or_an_error(
    cells: list[str], order: st.DataObject, at_once: bool
) -> None:
    compare(cells, order, at_once)


@pytest.mark.long
@pytest.mark.skipif("MINUTES" not in os.environ, reason="`make soak` runs it")
@pytest.mark.timeout(1800)
@settings(max_examples=4000, deadline=None, suppress_health_check=HEALTH)
@given(cells=CELLS, order=st.data(), at_once=st.booleans())
def test_the_result_is_that_of_one_by_one_or_an_error_for_many_notebooks(
    cells: list[str], order: st.DataObject, at_once: bool
) -> None:
    compare(cells, order, at_once)


def compare(cells: list[str], order: st.DataObject, at_once: bool) -> None:
    """Run cells in both ways, and compare what they give."""
    there: dict[str, Any] = {}
    if at_once:
        cells = [*START, *cells]
    else:
        before = {"__name__": "__main__"}
        there = before
    names, others = dict(there), dict(there)
    if not at_once:
        for each in (names, others):
            for cell in START:
                exec(cell, each)
    serial = one_by_one(cells, names)
    parallel = in_parallel(cells, lambda places: order.draw(st.sampled_from(places)), others)
    event(f"moved: {len(parallel.moved)}")
    if parallel.failed is not None and isinstance(parallel.failed[1], RefusedError):
        event("refused")
        return
    if serial.failed is not None:
        assert parallel.failed is not None
        assert parallel.failed[0] == serial.failed[0]
        assert type(parallel.failed[1]) is type(serial.failed[1])
        before_it = range(serial.failed[0])
        assert {p: serial.printed[p] for p in before_it} == {
            p: parallel.printed.get(p) for p in before_it
        }
        return
    assert parallel.failed is None
    assert parallel.printed == serial.printed
    assert data(parallel) == data(serial)
