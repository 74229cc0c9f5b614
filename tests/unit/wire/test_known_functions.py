"""A function is encoded once as long as its bytes would be the same."""

from __future__ import annotations

import gc
import linecache
import math
import sys
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import cloudpickle
import pytest

from jupyterlite_pool.wire.calls import encode_function, function_key
from jupyterlite_pool.wire.known_functions import MOST, KnownFunctions

#: A notebook's cell, run in a `__main__` of its own.
CELL = """
import math, os, json, own_module
from math import sqrt
from own_module import helper_of_module
number, text, nothing, ratio = 5, "text", None, 2.5
some, table = [1, 2], {"a": 1}

def helper(x, by=2):
    return x * by * number

def deep(x):
    return helper(x) + ratio

def plain(x=None):
    pass

def reads(x, y=3):
    "Says what it does."
    return math.floor(x) + number + len(text) + sqrt(y) + helper_of_module(x)

def calls(x: int, *more: str) -> float:
    return deep(x) + own_module.factor

def itself(n):
    return 1 if n < 2 else n * itself(n - 1)

def reads_list(x):
    return some + [x]

def reads_packages(x):
    return json.dumps(x)

class Kind:
    value = 1

def reads_class(x):
    return Kind.value

def keyword(x, *, k=1):
    return x

def outer():
    inside = [1]
    def closure(x):
        return inside
    return closure

closure = outer()

def with_attribute(x):
    return x
with_attribute.mark = [1]

async def awaited(x):
    return number

def late(x):
    return not_there_yet
"""

FILE = "<cell of the test>"


@pytest.fixture(name="cell")
def fixture_cell(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    module = types.ModuleType("own_module")
    exec("factor = 3\ndef helper_of_module(x): return x", module.__dict__)
    monkeypatch.setitem(sys.modules, "own_module", module)
    lines = CELL.splitlines(True)
    monkeypatch.setitem(linecache.cache, FILE, (len(CELL), None, lines, FILE))
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(CELL, FILE, "exec"), space)
    yield space
    cloudpickle.cloudpickle._PICKLE_BY_VALUE_MODULES.clear()


def know(function: Callable[..., Any]) -> KnownFunctions:
    """Encode a function twice, as a loop of `submit` does."""
    known = KnownFunctions()
    for _ in range(2):
        look = known.look(function)
        encoded = encode_function(function)
        known.keep(look, encoded, function_key(encoded))
    return known


@pytest.mark.parametrize(
    "name", ["plain", "reads", "calls", "itself", "helper", "reads_packages", "awaited", "late"]
)
def test_what_has_not_changed_is_known(cell: dict[str, Any], name: str) -> None:
    known = know(cell[name])
    encoded = encode_function(cell[name])
    assert known.get(cell[name]) == (encoded, function_key(encoded))


@pytest.mark.parametrize("function", [math.sqrt, gc.isenabled, know])
def test_what_a_module_has_is_known(function: Callable[..., Any]) -> None:
    assert know(function).get(function) is not None


@pytest.mark.parametrize(
    "name", ["reads_list", "reads_class", "keyword", "closure", "with_attribute"]
)
def test_what_could_change_in_place_is_encoded_each_time(cell: dict[str, Any], name: str) -> None:
    assert know(cell[name]).get(cell[name]) is None


#: What is changed, and the function that is not what it was then.
CHANGES = [
    ("number = 6", "reads"),
    ("number = 6", "calls"),
    ("number = 5.0", "helper"),
    ("number = True", "helper"),
    ("number = [5]", "helper"),
    ("del number", "helper"),
    ("text = 'other'", "reads"),
    ("ratio = 2.75", "calls"),
    ("not_there_yet = 1", "late"),
    ("len = max", "reads"),
    ("def helper(x, by=2): return 0", "calls"),
    ("helper.__defaults__ = (7,)", "calls"),
    ("helper.__code__ = deep.__code__", "calls"),
    ("helper.__kwdefaults__ = {'by': 7}", "calls"),
    ("helper.__name__ = 'other'", "calls"),
    ("helper = len", "calls"),
    ("reads.__defaults__ = (4,)", "reads"),
    ("reads.__doc__ = 'other'", "reads"),
    ("reads.__qualname__ = 'other'", "reads"),
    ("reads.mark = 1", "reads"),
    ("calls.__annotations__['x'] = float", "calls"),
    ("calls.__annotations__ = {}", "calls"),
    ("plain.__annotations__ = {'x': int}", "plain"),
    ("math = json", "reads"),
    ("import cmath; sqrt = cmath.sqrt", "reads"),
    ("__file__ = 'other.py'", "plain"),
    ("own_module.helper_of_module = len", "reads"),
    ("import sys; del sys.modules['own_module']", "calls"),
    ("import cloudpickle; cloudpickle.register_pickle_by_value(own_module)", "calls"),
]


@pytest.mark.parametrize(("change", "name"), CHANGES)
def test_a_change_is_seen(
    cell: dict[str, Any], monkeypatch: pytest.MonkeyPatch, change: str, name: str
) -> None:
    monkeypatch.setitem(sys.modules, "own_module", sys.modules["own_module"])  # put back afterwards
    function = cell[name]
    known = know(function)
    before = encode_function(function).payload
    assert known.get(function) is not None
    exec(change, cell)
    assert known.get(function) is None
    try:
        after = encode_function(function).payload
    except Exception:
        after = b""
    assert after != before, "this is no change"


def test_other_lines_of_its_cell_are_seen(
    cell: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = know(cell["plain"])
    monkeypatch.setitem(linecache.cache, FILE, (1, None, ["other\n"], FILE))
    assert known.get(cell["plain"]) is None


def test_a_submodule_that_is_imported_later_is_sent(
    cell: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    exec("import xml\ndef parses(x): return xml.dom.Node", cell)
    for name in [name for name in sys.modules if name.startswith("xml.dom")]:
        monkeypatch.delitem(sys.modules, name)
    known = know(cell["parses"])
    before = encode_function(cell["parses"]).payload
    assert known.get(cell["parses"]) is not None
    exec("import xml.dom", cell)
    assert known.get(cell["parses"]) is None
    assert encode_function(cell["parses"]).payload != before


def test_a_function_is_looked_into_the_second_time_only(cell: dict[str, Any]) -> None:
    known = KnownFunctions()
    encoded = encode_function(cell["plain"])
    known.keep(known.look(cell["plain"]), encoded, "key")
    assert known.get(cell["plain"]) is None
    known.keep(known.look(cell["plain"]), encoded, "key")
    assert known.get(cell["plain"]) == (encoded, "key")


def test_a_function_that_is_gone_is_forgotten_and_its_place_is_free(cell: dict[str, Any]) -> None:
    known = know(cell["plain"])
    gone = weakref.ref(cell["plain"])
    cell.clear()
    gc.collect()
    assert gone() is None
    assert not known._known


def test_few_functions_are_known_at_once(cell: dict[str, Any]) -> None:
    known = KnownFunctions()
    functions = []
    for number in range(MOST + 5):
        exec(f"def f{number}(): pass", cell)
        functions.append(cell[f"f{number}"])
        for _ in range(2):
            look = known.look(functions[-1])
            known.keep(look, encode_function(functions[-1]), str(number))
    found = [known.get(function) is not None for function in functions]
    assert found == [False] * 5 + [True] * MOST


def test_what_another_thread_changes_meanwhile_is_seen(cell: dict[str, Any]) -> None:
    known = know(cell["reads"])
    cell["number"] = 6
    look = known.look(cell["reads"])
    encoded = encode_function(cell["reads"])
    cell["number"] = 7  # after the look, and after it was encoded
    known.keep(look, encoded, "key")
    assert known.get(cell["reads"]) is None
