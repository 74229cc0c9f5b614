"""The contract of an executor, kept by Pyodide workers in a real kernel.

The source of `contract.py` is run as a cell. The names of its promises are those of its functions
that begin with `contract_`, found here with `ast`: this process never runs them.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.kernel import Kernel

SOURCE = (Path(__file__).parent / "contract.py").read_text("utf-8")

#: Names of promises, and whether each is a coroutine function.
PROMISES = {
    node.name: isinstance(node, ast.AsyncFunctionDef)
    for node in ast.parse(SOURCE).body
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
    kernel.run(SOURCE)
    kernel.run(FACTORY)


@pytest.mark.parametrize("name", PROMISES)
def test_contract_in_browser(kernel: Kernel, name: str) -> None:
    waits = "await " if PROMISES[name] else ""
    kernel.run(f"{waits}{name}(executor_factory)")
