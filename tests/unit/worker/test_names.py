"""Global variables that an initializer sets for all functions of its worker."""

from __future__ import annotations

from jupyterlite_pool.wire.calls import decode_function, encode_function
from jupyterlite_pool.worker.names import Globals, SharedNames


def space(module: str, **names: object) -> Globals:
    return {"__name__": module, **names}


def test_what_a_call_sets_reaches_functions_that_are_there_and_that_come() -> None:
    names, setter, there, later = SharedNames(), space("m", x=1), space("m", x=1), space("m")
    names.add("setter", [setter])
    names.add("there", [there])
    before = names.before("setter")
    setter["x"] = 2
    names.share("setter", before)
    names.add("later", [later])
    assert there["x"] == later["x"] == 2
    assert names


def test_what_a_call_leaves_alone_stays_what_each_function_has() -> None:
    names, setter, there = SharedNames(), space("m", x=1, __builtins__={}), space("m", x=5)
    names.add("setter", [setter])
    names.add("there", [there])
    before = names.before("setter")
    setter["__builtins__"] = {"new": True}
    names.share("setter", before)
    assert there == space("m", x=5)


def test_functions_of_another_module_do_not_see_it() -> None:
    names, setter, other = SharedNames(), space("m"), space("n")
    names.add("setter", [setter])
    names.add("other", [other])
    before = names.before("setter")
    setter["x"] = 1
    names.share("setter", before)
    assert "x" not in other


def test_a_function_that_has_gone_is_left_alone() -> None:
    names, setter, gone = SharedNames(), space("m"), space("m")
    names.add("setter", [setter])
    names.add("gone", [gone])
    names.drop("gone")
    before = names.before("setter")
    setter["x"] = 1
    names.share("setter", before)
    assert "x" not in gone


def test_functions_that_come_by_value_have_their_globals_noted_once() -> None:
    def helper() -> str:
        return __name__

    def function() -> str:
        return helper() + __name__

    spaces: list[Globals] = []
    encoded = encode_function(function)
    decoded = decode_function(encoded.payload, (), spaces)
    assert [found["__name__"] for found in spaces] == [__name__]
    assert decoded() == __name__ * 2


def test_functions_that_come_by_name_have_no_globals_of_their_own() -> None:
    spaces: list[Globals] = []
    encoded = encode_function(space)
    decoded = decode_function(encoded.payload, (), spaces)
    assert (decoded, spaces) == (space, [])
