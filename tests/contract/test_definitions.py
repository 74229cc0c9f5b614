"""What cells define, in workers that are processes of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.local.backend import LocalBackend
from tests.support.definitions import DEFINITIONS, Definition

HERE = sys.version_info[:2]


@pytest.fixture(scope="module")
def executor() -> Iterator[WorkerPoolExecutor]:
    with WorkerPoolExecutor(backend=LocalBackend(1)) as executor:
        yield executor


def cell(source: str) -> dict[str, Any]:
    """Run a cell; returns its names, which are of `__main__`, as a notebook's are."""
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, "<cell>", "exec", dont_inherit=True), space)
    return space


@pytest.mark.timeout(60)
@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.name)
def test_a_task_sees_what_the_cell_has_defined(
    executor: WorkerPoolExecutor, definition: Definition
) -> None:
    if definition.since > HERE:
        pytest.skip(f"Python {definition.since} reads it")
    space = cell(definition.source)
    sent, here = space["call"], cell(definition.source)["call"]
    assert executor.submit(sent).result(30) == here()
    same = space.get("SAME", [])
    came: list[Any] = executor.submit(list, same).result(30)
    for object_, back in zip(same, came, strict=True):
        assert back is object_
    for object_ in space.get("KEPT", []):
        kept = executor.submit(lambda x: x, object_).result(30)
        assert type(kept) is type(object_)
    # Nothing that came back has changed the notebook.
    assert sent() == here()
