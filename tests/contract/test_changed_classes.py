"""A class that changes in the notebook, or in a worker, between calls."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.local.backend import LocalBackend
from jupyterlite_pool.backends.threads import InProcessBackend

BACKENDS = {"processes": LocalBackend, "threads": InProcessBackend}

CELL = """
class Unit:
    name = "mm"

class Length(Unit):
    name = "km"
    extra = [1]
    held = None

    def shown(self):
        return f"10 {self.name}"

    def __repr__(self):
        return "own repr"

def show(length=None):
    length = length or Length()
    return length.shown(), repr(length)[:8], getattr(length, "extra", None)

def keep(value):
    Length.held = value

def held(length=None):
    return Length.held if length is None else length.held

def hold(value):
    Length.extra.append(value)
    Length.counted = getattr(Length, "counted", 0) + 1
    return Length.extra, Length.counted
"""


class Notebook:
    """Names of `__main__`, and a pool with one worker."""

    def __init__(self, executor: WorkerPoolExecutor) -> None:
        self.executor = executor
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.run(CELL)

    def run(self, source: str) -> None:
        exec(source, self.names)

    def __getattr__(self, name: str) -> Any:
        return self.names[name]

    def task(self, function: Callable[..., Any], *args: Any) -> Any:
        return self.executor.submit(function, *args).result(30)


@pytest.fixture(params=BACKENDS)
def notebook(request: pytest.FixtureRequest) -> Iterator[Notebook]:
    with WorkerPoolExecutor(backend=BACKENDS[request.param](1)) as executor:
        yield Notebook(executor)


@pytest.fixture
def apart() -> Iterator[Notebook]:
    """A notebook whose worker has memory of its own."""
    with WorkerPoolExecutor(backend=LocalBackend(1)) as executor:
        yield Notebook(executor)


@pytest.mark.parametrize("with_argument", [False, True])
def test_what_the_notebook_deletes_is_gone(notebook: Notebook, with_argument: bool) -> None:
    def shown() -> Any:
        return notebook.task(notebook.show, *([notebook.Length()] if with_argument else []))

    assert shown() == ("10 km", "own repr", [1])
    notebook.run("Length.name = 'cm'; Length.extra.append(2)")
    assert shown() == ("10 cm", "own repr", [1, 2])
    notebook.run("del Length.name, Length.extra, Length.__repr__")
    assert shown() == ("10 mm", "<__main_", None)
    notebook.run("Length.shown = lambda self: 'new'; Unit.extra = 7")
    assert shown() == ("new", "<__main_", 7)


def test_a_call_sees_the_class_as_it_was_when_it_was_made(notebook: Notebook) -> None:
    """Even if a call that was made later has run before, as after the loss of a worker."""
    notebook.run("def name(): return Length.name")
    assert notebook.task(notebook.name) == "km"
    notebook.run("Length.name = 'cm'")
    assert notebook.task(notebook.name) == "cm"
    # The function is now the very one that the worker has had from the first call.
    notebook.run("Length.name = 'km'")
    assert notebook.task(notebook.name) == "km"
    notebook.run("del Length.name")
    assert notebook.task(notebook.name) == "mm"


def test_calls_that_wait_keep_what_they_had(apart: Notebook) -> None:
    apart.run("import time\ndef slow(): time.sleep(0.2); return Length.name")
    first = apart.executor.submit(apart.slow)
    waiting = [apart.executor.submit(apart.show, apart.Length()) for _ in range(3)]
    apart.run("Length.name = 'cm'")
    later = apart.executor.submit(apart.show, apart.Length())
    assert first.result(30) == "km"
    assert [future.result(30)[0] for future in waiting] == ["10 km"] * 3
    assert later.result(30)[0] == "10 cm"


def test_a_function_that_knows_no_class_gets_it_with_its_argument(notebook: Notebook) -> None:
    shown = operator.methodcaller("shown")
    assert notebook.task(shown, notebook.Length()) == "10 km"
    notebook.run("Length.shown = lambda self: 'new'")
    assert notebook.task(shown, notebook.Length()) == "new"


def test_bases_change(notebook: Notebook) -> None:
    assert notebook.task(notebook.show)[0] == "10 km"
    notebook.run("class Other(Unit):\n    name = 'mile'\n    other = 5\ndel Length.name")
    notebook.run("Length.__bases__ = (Other,)")
    assert notebook.task(notebook.show)[0] == "10 mile"
    assert notebook.task(lambda length: length.other, notebook.Length()) == 5


def test_a_class_that_is_defined_again_is_another_class(notebook: Notebook) -> None:
    old = notebook.Length()
    assert notebook.task(notebook.show, old)[0] == "10 km"
    notebook.run("class Length(Unit):\n    def shown(self): return 'second'")
    new = notebook.Length()
    back = notebook.task(lambda *both: [(x.shown(), x) for x in both], old, new)
    assert [text for text, _ in back] == ["10 km", "second"]
    assert [type(value) for _, value in back] == [type(old), type(new)]


def test_what_comes_back_has_the_class_as_it_is_now(notebook: Notebook) -> None:
    notebook.run("import time\ndef make():\n    time.sleep(0.2)\n    return Length()")
    future = notebook.executor.submit(notebook.make)
    notebook.run("del Length.name; Length.extra = [3]; Length.new = 1")
    back = future.result(30)
    length = notebook.Length
    assert type(back) is length
    assert "name" not in vars(length)
    assert (length.extra, length.new) == ([3], 1)
    back = notebook.task(notebook.make)
    assert ("name" in vars(length), length.extra, length.new) == (False, [3], 1)


def test_what_a_worker_does_to_a_class_does_not_reach_the_notebook(apart: Notebook) -> None:
    apart.run(
        "def spoil():\n    Length.name = 'spoiled'\n    del Length.extra\n    return Length()"
    )
    assert type(apart.task(apart.spoil)) is apart.Length
    assert (apart.Length.name, apart.Length.extra) == ("km", [1])


def test_a_worker_keeps_what_its_tasks_have_set(apart: Notebook) -> None:
    """As a process does: an initializer may put a model into a class."""
    apart.task(apart.keep, "model")
    apart.task(apart.hold, 2)
    assert apart.task(apart.held, apart.Length()) == "model"
    apart.run("Length.name = 'cm'")
    assert apart.task(apart.held, apart.Length()) == "model"
    assert apart.task(apart.hold, 3) == ([1, 2, 3], 2)
    apart.run("Length.extra = [9]")
    assert apart.task(apart.hold, 4) == ([9, 4], 3)


def test_what_an_initializer_sets_stays_for_tasks_with_instances() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(CELL, names)
    executor = WorkerPoolExecutor(
        backend=LocalBackend(1), initializer=names["keep"], initargs=("model",)
    )
    with executor:
        length = names["Length"]()
        assert executor.submit(names["held"], length).result(30) == "model"
        assert list(executor.map(operator.attrgetter("held"), [length] * 3)) == ["model"] * 3


def test_an_object_for_all_calls_does_not_bring_an_old_class_back(apart: Notebook) -> None:
    kept = apart.executor.put(apart.Length())
    apart.run("Length.name = 'cm'")
    apart.run("def both(kept): return kept.shown(), type(kept) is Length, Length.name")
    assert apart.task(apart.both, kept) == ("10 cm", True, "cm")
    apart.run("Length.name = 'dm'")
    assert apart.task(apart.both, kept) == ("10 dm", True, "dm")


def test_a_class_that_a_task_has_made_can_be_changed_in_the_notebook(apart: Notebook) -> None:
    apart.run("def make():\n    class Local: name = 'a'\n    return Local")
    made = apart.task(apart.make)
    made.name, made.more = "b", 1
    assert apart.task(lambda cls: (cls.name, cls.more), made) == ("b", 1)
    assert apart.task(lambda cls: cls, made) is made
    assert (made.name, made.more) == ("b", 1)
    del made.more
    assert apart.task(lambda cls: (cls.name, hasattr(cls, "more")), made) == ("b", False)


def test_a_global_of_a_method_changes(notebook: Notebook) -> None:
    notebook.run("factor = 2\ndef scaled(self): return factor\nLength.scaled = scaled")
    scaled = operator.methodcaller("scaled")
    assert notebook.task(scaled, notebook.Length()) == 2
    notebook.run("factor = 3")
    assert notebook.task(scaled, notebook.Length()) == 3
    notebook.run("def helper(x=1): return x\ndef scaled(self): return helper()")
    notebook.run("Length.scaled = scaled")
    assert notebook.task(scaled, notebook.Length()) == 1
    notebook.run("helper.__defaults__ = (5,)")
    assert notebook.task(scaled, notebook.Length()) == 5


def test_a_function_that_has_not_changed_is_not_sent_again(apart: Notebook) -> None:
    from jupyterlite_pool.wire.calls import encode_function, function_key

    keys = set()
    for _ in range(3):
        keys.add(function_key(encode_function(apart.show)))
        apart.task(apart.show, apart.Length())
    assert len(keys) == 1
