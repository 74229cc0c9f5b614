"""What an initializer changes in global variables, for all functions of its worker."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import pytest

from jupyterlite_pool.wire.calls import decode_function, encode_function
from jupyterlite_pool.wire.payload import Found, decode, encode
from jupyterlite_pool.worker.set_up_globals import SharedNames

Globals = dict[str, Any]


def space(module: str, **names: object) -> Globals:
    return {"__name__": module, **names}


def set_up(names: SharedNames, found: list[Found], change: Callable[[], object]) -> None:
    """A set-up that changes something."""
    names.add("setter", found)
    before = names.before("setter")
    change()
    names.share(before)


def test_what_a_call_sets_reaches_functions_that_are_there_and_that_come() -> None:
    names, setter, there, later = SharedNames(), space("m", x=1), space("m", x=1), space("m")
    names.add("there", [there])
    set_up(names, [setter], lambda: setter.update(x=2))
    names.add("later", [later])
    assert there["x"] == later["x"] == 2
    assert names


def test_what_a_call_leaves_alone_stays_what_each_function_has() -> None:
    names, there = SharedNames(), space("m", x=5)
    setter = space("m", x=1, values=[1], __builtins__={})
    names.add("there", [there])
    set_up(names, [setter], lambda: setter["__builtins__"].update(new=True))
    assert there == space("m", x=5)
    assert not names


def test_functions_of_another_module_do_not_see_it() -> None:
    names, setter, other = SharedNames(), space("m"), space("n")
    names.add("other", [other])
    set_up(names, [setter], lambda: setter.update(x=1))
    assert "x" not in other


def test_a_function_that_has_gone_is_left_alone() -> None:
    names, setter, gone = SharedNames(), space("m"), space("m")
    names.add("gone", [gone])
    names.drop("gone")
    set_up(names, [setter], lambda: setter.update(x=1))
    assert "x" not in gone


class Box:
    """An object with attributes."""

    def __init__(self) -> None:
        self.inside: list[int] = []


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (dict, lambda value: value.update(x=1)),
        (lambda: {"deep": {"er": [1]}}, lambda value: value["deep"]["er"].append(2)),
        (list, lambda value: value.append(1)),
        (set, lambda value: value.add("x")),
        (bytearray, lambda value: value.extend(b"x")),
        (Box, lambda value: value.inside.append(1)),
    ],
)
def test_what_a_call_changes_in_place_is_the_same_object_for_all_functions(
    make: Callable[[], Any], change: Callable[[Any], object]
) -> None:
    names, setter = SharedNames(), space("m", value=make())
    there, later = space("m", value=make()), space("m", value=make())
    names.add("there", [there])
    set_up(names, [setter], lambda: change(setter["value"]))
    names.add("later", [later])
    assert setter["value"] is there["value"] is later["value"]


def test_a_value_that_the_notebook_has_changed_since_counts() -> None:
    names, setter = SharedNames(), space("m", cache={})
    set_up(names, [setter], lambda: setter["cache"].update(x=1))
    changed, as_before = space("m", cache={"own": 1}), space("m", cache={})
    names.add("changed", [changed])
    names.add("as before", [as_before])
    assert (changed["cache"], as_before["cache"]) == ({"own": 1}, {"x": 1})


def test_the_second_call_changes_what_the_first_has_left() -> None:
    names, first, second = SharedNames(), space("m", seen=[]), space("m", seen=[])
    set_up(names, [first], lambda: first["seen"].append(1))
    set_up(names, [second], lambda: second["seen"].append(2))
    later = space("m", seen=[])
    names.add("later", [later])
    assert later["seen"] == [1, 2]


def test_what_was_declared_global_counts_also_after_it_was_changed_in_place() -> None:
    names, setter = SharedNames(), space("m", seen=None)
    set_up(names, [setter], lambda: setter.update(seen=[]))
    set_up(names, [setter], lambda: setter["seen"].append(1))
    later = space("m", seen="whatever")
    names.add("later", [later])
    assert later["seen"] == [1]


def test_an_object_that_cannot_be_compared_is_left_alone() -> None:
    names, setter = SharedNames(), space("m", lines=iter([1, 2]), made=(n for n in "ab"))
    set_up(names, [setter], lambda: next(setter["made"]))
    later = space("m", made="mine")
    names.add("later", [later])
    assert later["made"] == "mine"


def test_functions_in_a_value_are_compared_by_their_code() -> None:
    def make(number: int) -> list[Any]:
        return [eval(f"lambda: {number}"), lambda: number]

    names, setter = SharedNames(), space("m", steps=make(1))
    set_up(names, [setter], lambda: setter["steps"].append("more"))
    alike, other = space("m", steps=make(1)), space("m", steps=make(2))
    names.add("alike", [alike])
    names.add("other", [other])
    assert (len(alike["steps"]), len(other["steps"])) == (3, 2)


def test_attributes_of_classes_that_a_call_sets_stay_when_the_class_comes_again() -> None:
    class Cache:
        data: Any = None
        items: dict[str, int] = {}  # noqa: RUF012 - as users write it
        other = 1

    def change() -> None:
        Cache.data = 5
        Cache.items["x"] = 1
        Cache.added = 7  # type: ignore[attr-defined]

    names = SharedNames()
    set_up(names, [Cache], change)
    kept = Cache.items
    Cache.data, Cache.items, Cache.other = None, {}, 2  # as cloudpickle does when it comes again
    names.add("later", [Cache])
    assert (Cache.data, Cache.other, Cache.added) == (5, 2, 7)  # type: ignore[attr-defined]
    assert Cache.items is kept
    Cache.data, Cache.items = "new", {"new": 1}
    names.fill([Cache])
    assert (Cache.data, Cache.items) == ("new", {"new": 1})


def test_functions_that_come_by_value_have_their_globals_noted_once() -> None:
    def helper() -> str:
        return __name__

    def function() -> str:
        return helper() + __name__

    found: list[Any] = []
    encoded = encode_function(function)
    decoded = decode_function(encoded.payload, (), found)
    assert [each["__name__"] for each in found] == [__name__]
    assert decoded() == __name__ * 2


def test_functions_that_come_by_name_have_no_globals_of_their_own() -> None:
    found: list[Found] = []
    encoded = encode_function(space)
    decoded = decode_function(encoded.payload, (), found)
    assert (decoded, found) == (space, [])


def test_classes_that_come_by_value_are_noted() -> None:
    class Plain:
        x = 1

    found: list[Found] = []
    decoded = decode(encode([Plain(), Plain]).payload, (), found)
    assert found == [decoded[1]] == [type(decoded[0])]


# Cells that every worker runs: the notebook's own names count more.


def run_cell(names: SharedNames, key: str, scope: Globals, change: Callable[[], object]) -> None:
    """A cell that every worker runs."""
    names.add(key, [scope])
    before = names.before(key)
    change()
    names.share(before, notebook_first=True)


def test_what_a_cell_assigns_is_found_where_the_notebook_has_no_such_name() -> None:
    names, scope = SharedNames(), space("m")
    without, own = space("m"), space("m", x=5)
    names.add("without", [without])
    names.add("own", [own])
    run_cell(names, "cell", scope, lambda: scope.update(x=1))
    later, later_own = space("m"), space("m", x=1)
    names.add("later", [later])
    names.add("later own", [later_own])
    assert (without["x"], later["x"], own["x"]) == (1, 1, 5)
    run_cell(names, "again", (second := space("m")), lambda: second.update(x=2))
    # The notebook's number is the very object that the workers had before.
    assert (without["x"], later["x"], own["x"], later_own["x"]) == (2, 2, 5, 1)
    assert scope["x"] == 2  # the functions of the first cell find it, too


def test_what_a_task_has_set_since_stays() -> None:
    names, scope, there = SharedNames(), space("m"), space("m")
    names.add("there", [there])
    run_cell(names, "cell", scope, lambda: scope.update(x=1))
    there["x"] = "of a task"
    run_cell(names, "again", (second := space("m")), lambda: second.update(x=2))
    assert there["x"] == "of a task"


def test_a_variable_of_the_notebook_that_a_cell_reads_stays_the_notebooks() -> None:
    names, scope = SharedNames(), space("m", x=1)
    run_cell(names, "cell", scope, lambda: scope.update(x=scope["x"] + 1))
    run_cell(names, "again", (second := space("m")), lambda: second.update(x=50))
    assert scope["x"] == 2
    own = space("m", x=1)
    names.add("own", [own])
    assert own["x"] == 1


def test_what_an_initializer_has_declared_global_counts_everywhere_also_after_a_cell() -> None:
    names, setter, scope, own = SharedNames(), space("m"), space("m"), space("m", x=5)
    names.add("own", [own])
    set_up(names, [setter], lambda: setter.update(x=1))
    run_cell(names, "cell", scope, lambda: scope.update(x=2))
    assert own["x"] == 2


def test_globals_are_let_go_that_nobody_uses() -> None:
    class Local:
        def __init__(self) -> None: ...

    names, scope = SharedNames(), space("m")
    run_cell(names, "cell", scope, lambda: scope.update(x=1))
    owner = space("m", held=Local())
    here = weakref.ref(owner["held"])
    names.fill([owner])
    assert owner["x"] == 1
    del owner
    assert here() is None


def test_attributes_that_a_cell_sets_in_a_class_stay() -> None:
    class Cache:
        data = None

    names = SharedNames()
    names.add("cell", [Cache])
    before = names.before("cell")
    Cache.data = 5  # type: ignore[assignment]
    names.share(before, notebook_first=True)
    Cache.data = None  # as the class comes with the next function
    names.fill([Cache])
    assert Cache.data == 5
