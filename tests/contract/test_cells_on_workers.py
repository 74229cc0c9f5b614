"""A cell that runs on a worker in the notebook's place sees the notebook alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.local.backend import LocalBackend
from jupyterlite_pool.worker.notebook_cell import Brought, NotebookCell
from jupyterlite_pool.worker.process_state import of_modules
from tests.contract.test_changed_classes import Notebook

CELL = """
LIMIT = 1

class K:
    n = 0
    items = []

    def __init__(self):
        K.n += 1

    @classmethod
    def keep(cls, value):
        cls.items.append(value)

    def limit(self):
        return LIMIT

def count(value):
    K(), K.keep(value)
    K.new = value
    return K.n, K.items, K.new
"""

SEEN = "K.n, K.items, hasattr(K, 'new')"


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    with WorkerPoolExecutor(1, backend=LocalBackend(1)) as executor:
        notebook = Notebook(executor)
        notebook.run(CELL)
        yield notebook


def cell(notebook: Notebook, source: str, *reads: str) -> Any:
    """Run a cell on the worker; returns its value."""
    names = {name: notebook.names[name] for name in reads}
    body = NotebookCell(source, names, "<cell>", [], of_modules())
    brought: Brought = notebook.executor.submit(body, None).result(60)
    assert brought.why is None, brought.why
    return brought.value


def call(notebook: Notebook, name: str, *values: Any) -> Any:
    return notebook.executor.submit(notebook.names[name], *values).result(60)


def test_what_tasks_have_changed_in_a_class_is_hidden_from_it_and_stays(notebook: Notebook) -> None:
    assert call(notebook, "count", "x") == (1, ["x"], "x")
    assert cell(notebook, SEEN, "K") == (0, [], False)
    assert call(notebook, "count", "y") == (2, ["x", "y"], "y")


def test_what_a_cell_that_failed_has_counted_is_in_no_other_cell(notebook: Notebook) -> None:
    for sleep in ("", "\nimport asyncio\nawait asyncio.sleep(0)"):
        with pytest.raises(ZeroDivisionError):
            cell(notebook, f"K(), K.keep(1), setattr(K, 'new', 2){sleep}\n1 / 0", "K")
        assert cell(notebook, SEEN, "K") == (0, [], False)


def test_a_set_up_changes_nothing_for_it(notebook: Notebook) -> None:
    notebook.run(
        "def init():\n    global LIMIT\n    LIMIT = K.n = 10\ndef f(_): return K().limit(), K.n"
    )
    notebook.executor.run_everywhere(notebook.names["init"])
    assert call(notebook, "f", 0) == (10, 11)
    assert cell(notebook, "LIMIT, K.n, K.limit(None)", "LIMIT", "K") == (1, 0, 1)
    assert call(notebook, "f", 0) == (10, 12)


def test_the_same_cell_starts_anew_each_time(notebook: Notebook) -> None:
    notebook.run("xs = []\ndef hidden():\n    if not xs: xs.append(1)")
    for _ in range(2):
        body = NotebookCell(
            "hidden()", {"hidden": notebook.names["hidden"]}, "<cell>", [], of_modules()
        )
        brought = notebook.executor.submit(body, None).result(60)
        assert brought.why is not None
        assert "in place" in brought.why[1]
