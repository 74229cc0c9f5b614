"""The contract of an executor, kept by Pyodide workers in a real kernel.

The sources in `promises/` run as cells. This process never runs the promises; it finds their names
with `ast`.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.kernel import Kernel

#: What the promises share comes first.
FILES = sorted(
    (Path(__file__).parent / "promises").glob("*.py"),
    key=lambda path: (path.stem != "helpers", path.stem),
)

#: All run in one namespace, that of the notebook: what is defined there travels by value.
SOURCES = [
    "\n".join(line for line in path.read_text("utf-8").split("\n") if not line.startswith("from ."))
    for path in FILES
]

#: Names of promises, and whether each is a coroutine function.
PROMISES = {
    node.name: isinstance(node, ast.AsyncFunctionDef)
    for source in SOURCES
    for node in ast.parse(source).body
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    and node.name.startswith("contract_")
}

FACTORY = """
from jupyterlite_pool import WorkerPoolExecutor
spare = WorkerPoolExecutor(2)
def executor_factory(**options):
    # The next one starts while this one is tested.
    global spare
    if options:
        return WorkerPoolExecutor(2, **options)
    executor, spare = spare, WorkerPoolExecutor(2)
    return executor
"""


@pytest.fixture(scope="module", autouse=True)
def _contract(kernel: Kernel) -> None:
    for source in SOURCES:
        kernel.run(source)
    kernel.run(FACTORY)


@pytest.mark.parametrize("name", PROMISES)
def test_contract_in_browser(kernel: Kernel, name: str) -> None:
    waits = "await " if PROMISES[name] else ""
    kernel.run(f"{waits}{name}(executor_factory)")
