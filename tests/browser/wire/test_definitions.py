"""What the cells of a real notebook define, on real workers."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.support import programs
from tests.support.definitions import DEFINITIONS, Definition
from tests.support.kernel import Kernel

#: Random numbers of the notebooks that run here.
SEEDS = [range(20), range(20, 40)]


@pytest.fixture(scope="module", autouse=True)
def _start(kernel: Kernel) -> None:
    source = Path(programs.__file__).read_text("utf-8")
    kernel.run(
        f"""
import sys, types
from jupyterlite_pool import get_reusable_executor

executor = get_reusable_executor(2)
programs = types.ModuleType("programs")
exec({source!r}, vars(programs))

def wrong_seeds(seeds):
    found = []
    for seed in seeds:
        made = programs.program(programs.Random(seed))
        if programs.on_the_pool(executor.submit, made) != programs.natively(repr(made.steps)):
            found.append(seed)
    return found
"""
    )
    assert kernel.value("sys.version_info[:2]") >= [3, 12]


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.name)
def test_a_task_sees_what_a_cell_has_defined(kernel: Kernel, definition: Definition) -> None:
    if list(definition.since) > kernel.value("sys.version_info[:2]"):
        pytest.skip(f"Python {definition.since} reads it")
    kernel.run("SAME, KEPT = [], []")
    kernel.run(definition.source)
    # Some calls count, so that the second one would give another value in the notebook.
    there = kernel.value("repr(executor.submit(call).result())")
    assert there == kernel.value("repr(call())")
    kernel.run("came = executor.submit(list, SAME).result()")
    assert kernel.value("[a is b for a, b in zip(came, SAME, strict=True)].count(False)") == 0
    kernel.run("came = [executor.submit(lambda x: x, kept).result() for kept in KEPT]")
    assert kernel.value("[type(a) is type(b) for a, b in zip(came, KEPT)].count(False)") == 0


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_notebooks_made_at_random_do_the_same_in_tasks(kernel: Kernel, seeds: range) -> None:
    wrong = kernel.value(f"wrong_seeds({seeds!r})")
    assert not wrong, "\n".join(str(programs.program(Random(seed))) for seed in wrong)


def test_what_the_notebook_takes_from_a_class_is_gone(kernel: Kernel) -> None:
    kernel.run(
        """
class Changing:
    name = "first"
    extra = [1]

def look():
    return getattr(Changing, "name", None), getattr(Changing, "extra", None)
"""
    )
    looked = "executor.submit(look).result()"
    assert kernel.value(looked) == ["first", [1]]
    kernel.run("del Changing.name; Changing.extra.append(2)")
    assert kernel.value(looked) == [None, [1, 2]]
    kernel.run("Changing.name = 'first'; Changing.extra.pop()")
    assert kernel.value(looked) == ["first", [1]]
