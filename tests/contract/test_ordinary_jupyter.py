"""A notebook in an ordinary Jupyter: its kernel is CPython's, and its workers are processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).parents[2]

#: Seconds that anything here may take on a busy machine.
LONG = 60


class Notebook:
    """Runs cells, and keeps what each of them shows."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client
        self._shown: dict[str, str] = {}
        self._ended: set[str] = set()

    def start(self, source: str) -> str:
        """Start a cell; returns its number."""
        # Otherwise the kernel would refuse what comes soon after an error.
        return str(self._client.execute(source, stop_on_error=False))

    def shows(self, cell: str, wanted: str) -> None:
        """Wait until a cell shows a text."""
        self._until(lambda: wanted in self._shown.get(cell, ""), cell)

    def run(self, source: str) -> str:
        """Run a cell to its end; returns what it has shown by then."""
        cell = self.start(source)
        self._until(lambda: cell in self._ended, cell)
        return self._shown.get(cell, "")

    def _until(self, condition: Callable[[], bool], cell: str) -> None:
        deadline = time.monotonic() + LONG
        while not condition():
            assert time.monotonic() < deadline, self._shown.get(cell, "it has shown nothing")
            try:
                self._take(self._client.get_iopub_msg(timeout=0.1))
            except Empty:
                pass

    def _take(self, message: dict[str, Any]) -> None:
        cell = message["parent_header"].get("msg_id", "")
        kind, content = message["msg_type"], message["content"]
        text = ""
        if kind == "stream":
            text = content["text"]
        elif kind in ("execute_result", "display_data"):
            text = str(content["data"].get("text/plain", ""))
        elif kind == "error":
            text = f"{content['ename']}: {content['evalue']}"
        elif kind == "status" and content["execution_state"] == "idle":
            self._ended.add(cell)
        self._shown[cell] = self._shown.get(cell, "") + text


@pytest.fixture
def manager() -> Iterator[KernelManager]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(ROOT))
    yield manager
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()


@pytest.fixture
def notebook(manager: KernelManager) -> Iterator[Notebook]:
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=LONG)
    notebook = Notebook(client)
    notebook.run("from jupyterlite_pool import *")
    yield notebook
    client.stop_channels()


def test_cells_run_on_processes_and_show_what_tasks_print(notebook: Notebook) -> None:
    said = notebook.run(
        "def f(x):\n    print('task', x)\n    return x * x\n"
        "pool = get_reusable_executor(2)\nlist(pool_map(f, range(3)))"
    )
    assert "[0, 1, 4]" in said
    assert all(f"task {x}\n" in said for x in range(3))
    assert "[10, 20]" in notebook.run("%%pool_map x in [1, 2]\nx * 10")


def test_what_a_task_prints_is_shown_in_the_cell_that_has_started_it(notebook: Notebook) -> None:
    first = notebook.start(
        "import time, pathlib\npool = get_reusable_executor(1)\n"
        "def late(name):\n"
        "    while not pathlib.Path(name).exists(): time.sleep(0.01)\n"
        "    print('late word'); display('late sight')\n"
        "import tempfile; name = tempfile.mktemp()\n"
        "future = pool.submit(late, name)"
    )
    said = notebook.run("pathlib.Path(name).touch(); future.result(); print('second')")
    notebook.shows(first, "late word")
    notebook.shows(first, "late sight")
    assert "late" not in said


def test_interrupt_ends_the_wait_and_the_tasks_and_kernel_and_pool_go_on(
    manager: KernelManager, notebook: Notebook
) -> None:
    notebook.run(
        "import os, time\nfrom jupyterlite_pool.backends.local import backend\n"
        "backend.GRACE = 60  # or a worker that obeys late would be replaced\n"
        "pool = get_reusable_executor(2)"
    )
    workers = notebook.run("sorted(pool.run_everywhere(os.getpid))")
    cell = notebook.start(
        "def nap(x):\n    print('begun', x)\n    time.sleep(1000)\npool_map(nap, range(2))"
    )
    notebook.shows(cell, "begun 0")
    notebook.shows(cell, "begun 1")
    manager.interrupt_kernel()
    notebook.shows(cell, "KeyboardInterrupt")
    assert notebook.run("sorted(pool.run_everywhere(os.getpid))") == workers


def test_no_worker_outlives_a_kernel_that_is_killed(
    manager: KernelManager, notebook: Notebook
) -> None:
    said = notebook.run("import os\nget_reusable_executor(2).run_everywhere(os.getpid)")
    workers = [psutil.Process(int(pid)) for pid in said.strip("[]\n").split(",")]
    assert all(worker.is_running() for worker in workers)
    manager.provisioner.process.kill()  # type: ignore[union-attr] # it alone, not its group
    gone, alive = psutil.wait_procs(workers, timeout=LONG)
    assert (len(gone), alive) == (2, [])
