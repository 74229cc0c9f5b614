"""Tasks and the notebook's own files."""

from __future__ import annotations

import pytest

from tests.support.kernel import Kernel


@pytest.fixture(scope="module", autouse=True)
def _folder(kernel: Kernel) -> None:
    kernel.run(
        """
import os, pathlib
from jupyterlite_pool import pool_map
pathlib.Path("made").mkdir(exist_ok=True)
"""
    )


def test_a_task_opens_what_the_notebook_wrote(kernel: Kernel) -> None:
    kernel.run(
        """
for i in range(6):
    pathlib.Path(f"made/in-{i}.txt").write_text("line\\n" * i)
def count(path):
    with open(path) as file:
        return sum(1 for _ in file)
"""
    )
    assert kernel.value("list(pool_map(count, sorted(pathlib.Path('made').glob('in-*'))))") == [
        0, 1, 2, 3, 4, 5,
    ]  # fmt: skip


def test_the_notebook_reads_what_several_workers_wrote(kernel: Kernel) -> None:
    kernel.run(
        """
def write(i):
    from jupyterlite_pool import current_worker
    with open(f"made/out-{i}-é.txt", "w") as file:
        file.write(f"{i} by {current_worker().id}")
    return current_worker().id
writers = list(pool_map(write, range(8), chunksize=1))
read = [pathlib.Path(f"made/out-{i}-é.txt").read_text() for i in range(8)]
"""
    )
    assert kernel.value("[f'{i} by {w}' for i, w in enumerate(writers)] == read") is True
    assert kernel.value("len(set(writers))") == 2


def test_a_task_works_in_the_notebooks_folder(kernel: Kernel) -> None:
    kernel.run("def where(_):\n    import os\n    return os.getcwd()")
    assert kernel.value("[os.getcwd(), *pool_map(where, [0])]") == ["/drive", "/drive"]
    kernel.run("os.chdir('made')")
    try:
        assert kernel.value("list(pool_map(where, [0]))") == ["/drive/made"]
    finally:
        kernel.run("os.chdir('/drive')")


def test_binary_files_and_folders(kernel: Kernel) -> None:
    kernel.run(
        """
def pack(i):
    import pathlib, zipfile
    folder = pathlib.Path(f"made/folder-{i}")
    folder.mkdir(exist_ok=True)
    (folder / "data.bin").write_bytes(bytes(range(256)) * 400)
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.write(folder / "data.bin", "data.bin")
    return sorted(p.name for p in folder.iterdir())
listed = list(pool_map(pack, range(2), chunksize=1))
import zipfile
same = zipfile.ZipFile("made/folder-1/all.zip").read("data.bin") == bytes(range(256)) * 400
"""
    )
    assert kernel.value("listed") == [["all.zip", "data.bin"]] * 2
    assert kernel.value("same") is True


def test_a_module_beside_the_notebook_is_imported_by_tasks(kernel: Kernel) -> None:
    kernel.run(
        """
pathlib.Path("beside.py").write_text("def triple(x):\\n    return 3 * x\\n")
import importlib; importlib.invalidate_caches()
import beside
"""
    )
    assert kernel.value("list(pool_map(beside.triple, [1, 2]))") == [3, 6]


def test_a_file_that_is_not_there_is_the_tasks_own_error(kernel: Kernel) -> None:
    error = kernel.fails("pool_map(count, ['made/none.txt'])")
    assert "FileNotFoundError" in error["ename"]
    assert "item 0 of 1 (args: 'made/none.txt')" in "\n".join(error["traceback"])


def test_an_environment_variable_is_seen_by_tasks(kernel: Kernel) -> None:
    kernel.run(
        """
os.environ["REGION"] = "north"
def region(_):
    import os
    return os.environ.get("REGION")
first = list(pool_map(region, [0]))
del os.environ["REGION"]
second = list(pool_map(region, [0, 0]))
"""
    )
    assert kernel.value("[first, second]") == [["north"], [None, None]]


def test_where_there_is_no_drive_the_pool_works_without(kernel: Kernel) -> None:
    kernel.run(
        """
from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends import pyodide as backend
backend.DRIVE = "/no/drive"
own = WorkerPoolExecutor(1)
try:
    value = own.submit(abs, -1).result()
finally:
    backend.DRIVE = "/drive"
    own.terminate_workers()
"""
    )
    assert kernel.value("value") == 1
