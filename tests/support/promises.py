"""The sources of the contract of an executor, to be run as cells.

Whoever runs them never imports them: their names are found with `ast`.
"""

from __future__ import annotations

import ast
from pathlib import Path

#: What the promises share comes first.
FILES = sorted(
    (Path(__file__).parents[1] / "contract" / "promises").glob("*.py"),
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

#: Defines `executor_factory`, which every promise takes.
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


def call(name: str) -> str:
    """Code that keeps one promise."""
    waits = "await " if PROMISES[name] else ""
    return f"{waits}{name}(executor_factory)"
