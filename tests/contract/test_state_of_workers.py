"""What set-ups have changed in a worker holds in every order of later calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.local.backend import LocalBackend
from tests.contract.test_changed_classes import Notebook


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    with WorkerPoolExecutor(1, backend=LocalBackend(1)) as executor:
        yield Notebook(executor)


def call(notebook: Notebook, name: str, *arguments: str) -> Any:
    function = notebook.names[name]
    values = [eval(argument, notebook.names) for argument in arguments]
    return notebook.executor.submit(function, *values).result()


def test_what_a_set_up_set_in_a_class_holds_after_calls_of_another_time(notebook: Notebook) -> None:
    notebook.run(
        "class C: limit = 1\n"
        "def init(): C.limit = 10\n"
        "def f(x): return C.limit\n"
        "def g(x): return [C.limit]"
    )
    notebook.executor.run_everywhere(notebook.names["init"])
    assert call(notebook, "f", "0") == 10
    notebook.run("C.limit = 2")
    assert call(notebook, "g", "0") == [2]
    notebook.run("C.limit = 1")
    assert call(notebook, "f", "0") == 10


def test_methods_of_a_class_that_came_before_see_what_a_set_up_has_set(notebook: Notebook) -> None:
    notebook.run(
        "S = 1\n"
        "class It:\n"
        "    def v(self): return S\n"
        "    @property\n"
        "    def p(self): return S\n"
        "def value(it): return it.v(), it.p\n"
        "def init(n):\n"
        "    global S\n"
        "    S = n"
    )
    assert call(notebook, "value", "It()") == (1, 1)
    notebook.executor.run_everywhere(notebook.names["init"], 10)
    assert call(notebook, "value", "It()") == (10, 10)
    notebook.executor.run_everywhere(notebook.names["init"], 11)
    assert call(notebook, "value", "It()") == (11, 11)


def test_a_set_up_that_works_by_its_argument_holds(notebook: Notebook) -> None:
    notebook.run(
        "MODE = 'notebook'\n"
        "class Settings:\n"
        "    def apply(self):\n"
        "        global MODE\n"
        "        MODE = 'worker'\n"
        "def init(settings): settings.apply()\n"
        "def mode(x): return MODE"
    )
    notebook.executor.run_everywhere(notebook.names["init"], notebook.names["Settings"]())
    assert call(notebook, "mode", "0") == "worker"


def test_what_one_task_sets_in_decimals_context_is_not_in_the_next(notebook: Notebook) -> None:
    notebook.run(
        "from decimal import Decimal, getcontext\n"
        "def f(d, precision):\n"
        "    if precision: getcontext().prec = precision\n"
        "    return str(1 / d)"
    )
    whole = call(notebook, "f", "Decimal(3)", "None")
    assert call(notebook, "f", "Decimal(3)", "3") == "0.333"
    assert call(notebook, "f", "Decimal(3)", "None") == whole != "0.333"


def test_an_object_that_is_fetched_while_a_function_is_read_disturbs_no_class(
    notebook: Notebook,
) -> None:
    notebook.run(
        "def visit(x): return 0 if x == 0 else Node().walk(x - 1) + factor + 0 * len(BIG)\n"
        "class Node:\n"
        "    def walk(self, x): return visit(x)\n"
        "factor = 1"
    )
    notebook.names["BIG"] = notebook.executor.put(b"x")
    assert call(notebook, "visit", "3") == 3
    notebook.names["BIG"] = notebook.executor.put(b"xx")
    notebook.run("factor = 100")
    assert call(notebook, "visit", "3") == 300
