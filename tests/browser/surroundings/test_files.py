"""Tasks and the notebook's own files."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.conftest import Pages
from tests.support.isolated import isolated_page
from tests.support.kernel import Kernel
from tests.support.notebook import Notebook


@pytest.fixture(scope="module", autouse=True)
def _folder(kernel: Kernel) -> None:
    kernel.run(
        """
import os, pathlib
from jupyterlite_pool import get_reusable_executor, pool_map
pathlib.Path("made").mkdir(exist_ok=True)
def count(path):
    with open(path) as file:
        return sum(1 for _ in file)
get_reusable_executor().run_everywhere(abs, 0)  # all workers are there
"""
    )


def test_a_task_opens_what_the_notebook_wrote(kernel: Kernel) -> None:
    kernel.run(
        """
for i in range(6):
    pathlib.Path(f"made/in-{i}.txt").write_text("line\\n" * i)
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
from jupyterlite_pool.backends.pyodide import boot
boot.DRIVE = "/no/drive"
own = WorkerPoolExecutor(1)
try:
    value = own.submit(abs, -1).result()
finally:
    boot.DRIVE = "/drive"
    own.terminate_workers()
"""
    )
    assert kernel.value("value") == 1


def test_a_reader_finds_what_another_worker_has_just_closed(kernel: Kernel) -> None:
    kernel.run(
        """
def relay(i):
    # Each task reads what the task before it wrote, wherever that ran.
    import os, time
    deadline = time.monotonic() + 30
    while i and not os.path.exists(f"made/relay-{i - 1}"):
        if time.monotonic() > deadline:
            raise TimeoutError
    text = open(f"made/relay-{i - 1}").read() if i else ""
    with open(f"made/part-{i}", "w") as file:
        file.write(f"{text}{i},")
    os.rename(f"made/part-{i}", f"made/relay-{i}")
    return text
"""
    )
    read = kernel.value("list(pool_map(relay, range(10), chunksize=1))")
    assert read == ["".join(f"{j}," for j in range(i)) for i in range(10)]


def test_a_file_that_is_renamed_or_rewritten_while_it_is_open(kernel: Kernel) -> None:
    kernel.run(
        """
from jupyterlite_pool import WorkerPoolExecutor
def save(text):
    import os
    file = open("made/saved.tmp", "w")
    file.write(text)
    file.flush()
    os.replace("made/saved.tmp", "made/saved")
    file.close()
def hold():
    import sys
    sys.held = open("made/saved")
    return sys.held.read()
def read():
    import os
    with open("made/saved") as file:
        return file.read(), os.path.getsize("made/saved")
def delete():
    import os, pathlib
    with open("made/gone", "w") as file:
        file.write("gone")
        os.remove("made/gone")
    return os.path.exists("made/gone")
with WorkerPoolExecutor(1) as one:  # what one task leaves open, the next one meets
    for text in ("a long text", "short"):
        one.submit(save, text).result()
    held = one.submit(hold).result()
    pathlib.Path("made/saved").write_text("of the notebook")
    seen = one.submit(read).result()
    one.submit(save, "again").result()
    last = pathlib.Path("made/saved").read_text()
    there = one.submit(delete).result()
"""
    )
    assert kernel.value("held") == "short"
    assert kernel.value("seen") == ["of the notebook", 15]
    assert kernel.value("[last, there, os.path.exists('made/gone')]") == ["again", False, False]


def test_csv_sqlite_and_names_in_other_letters(kernel: Kernel) -> None:
    kernel.run(
        """
def keep(i):
    import csv, pathlib, sqlite3
    folder = pathlib.Path(f"made/übung-{i}-数据")
    folder.mkdir(exist_ok=True)
    with open(folder / "täfelchen.csv", "w", newline="") as file:
        csv.writer(file).writerows([[i, "ä,b"], [i + 1, 'say "x"']])
    with open(folder / "täfelchen.csv", newline="") as file:
        rows = list(csv.reader(file))
    base = sqlite3.connect(folder / "data.db")
    with base:
        base.execute("create table if not exists t (x integer, y text)")
        base.executemany("insert into t values (?, ?)", [(int(x), y) for x, y in rows])
    base.close()
    return sorted(path.name for path in folder.iterdir())

listed = list(pool_map(keep, range(3), chunksize=1))
import sqlite3
base = sqlite3.connect("made/übung-2-数据/data.db")
rows = base.execute("select * from t order by x").fetchall()
base.close()
"""
    )
    assert kernel.value("listed") == [["data.db", "täfelchen.csv"]] * 3
    assert kernel.value("rows") == [[2, "ä,b"], [3, 'say "x"']]


def test_what_two_workers_append_in_turn_and_change_in_place_is_all_there(kernel: Kernel) -> None:
    kernel.run(
        """
from jupyterlite_pool import WorkerPoolExecutor
def append(i):
    with open("made/lines.txt", "a") as file:
        file.write(f"line {i}\\n")
def change(i):
    with open("made/patched.bin", "r+b") as file:
        file.seek(i)
        file.write(b"XY")
        file.truncate(8)
with WorkerPoolExecutor(1) as one, WorkerPoolExecutor(1) as other:
    for i in range(6):
        (one, other)[i % 2].submit(append, i).result()
    with open("made/patched.bin", "wb") as file:
        file.write(b"." * 20)
    one.submit(change, 1).result()
    other.submit(change, 5).result()
with open("made/lines.txt") as file:
    lines = file.read().splitlines()
with open("made/patched.bin", "rb") as file:
    patched = file.read().decode()
"""
    )
    assert kernel.value("lines") == [f"line {i}" for i in range(6)]
    assert kernel.value("patched") == ".XY..XY."


def test_large_files_work_with_a_warning_that_says_what_to_do(kernel: Kernel) -> None:
    kernel.run(
        """
import warnings
def write(megabytes):
    with open(f"made/large-{megabytes}", "wb") as file:
        file.write(bytes(range(256)) * 4096 * megabytes)
    with open(f"made/large-{megabytes}", "rb") as file:
        data = file.read()
    return len(data) == megabytes << 20 and data[-3:] == b"\\xfd\\xfe\\xff"
warnings.simplefilter("always")
"""
    )
    quiet = kernel.run("small = list(pool_map(write, [16], progress=False))")
    assert kernel.value("small") == [True]
    assert "PoolPerformanceWarning" not in quiet.stderr
    loud = kernel.run("large = list(pool_map(write, [20], progress=False))")
    assert kernel.value("large") == [True]
    assert "PoolPerformanceWarning: a task has read or written a file of 20 MB" in loud.stderr
    assert "Return large data from the task instead" in loud.stderr
    kernel.run("import os\nfor name in (16, 20): os.remove(f'made/large-{name}')")


#: The name of the page that serves the files, as the labextension tells it to kernels.
CONTEXT = """async () => {
  const { pluginRegistry } = window.jupyterapp;
  const tokens = [...pluginRegistry._services.keys()];
  const token = tokens.find(({ name }) => name.endsWith(':IServiceWorkerManager'));
  const manager = await window.jupyterapp.resolveRequiredService(token);
  await manager.ready;
  return manager.browsingContextId;
}"""

BOTH_WAYS = """
import os
from jupyterlite_pool import WorkerPoolExecutor
with open("/drive/of-the-notebook.txt", "w") as file:
    file.write("to workers")
def answer():
    import os
    with open("/drive/of-a-worker.txt", "w") as file:
        file.write("from a worker")
    return open("of-the-notebook.txt").read(), os.getcwd()
executor = WorkerPoolExecutor(1)
read = executor.submit(answer).result()
"""


def test_workers_have_the_files_on_a_cross_origin_isolated_page(isolated_kernel: Kernel) -> None:
    kernel = isolated_kernel
    assert isinstance(kernel.page, Page)
    context = kernel.page.evaluate(CONTEXT)
    kernel.run(f"import js; js.jupyterlitePoolDrive = {context!r}")
    kernel.run(BOTH_WAYS)
    assert kernel.value("read") == ["to workers", "/drive"]
    assert kernel.value("open('/drive/of-a-worker.txt').read()") == "from a worker"


def test_a_notebook_is_told_where_its_files_are(pages: Pages, isolated_site: str) -> None:
    notebook = Notebook(isolated_page(pages.open(), isolated_site))
    notebook.run(BOTH_WAYS)
    assert notebook.value("read") == ["to workers", "/drive"]


def test_a_page_that_is_not_there_costs_the_files_and_nothing_else(
    isolated_kernel: Kernel,
) -> None:
    kernel = isolated_kernel
    kernel.run("import js; js.jupyterlitePoolDrive = 'of no page'")
    error = kernel.fails(BOTH_WAYS)
    assert "PermissionError" in error["ename"]  # of what it would have written
    assert "workers do not have the notebook's files here" in "\n".join(error["traceback"])
    assert kernel.value("executor.submit(abs, -1).result()") == 1


@pytest.fixture(scope="module")
def without_service_worker(module_pages: Pages, site: str) -> Kernel:
    """A kernel on a page as on plain HTTP."""
    page = module_pages.open()
    page.add_init_script("delete Navigator.prototype.serviceWorker")
    page.goto(f"{site}/lab/index.html")
    return Kernel(page)


def test_a_site_without_service_worker_says_what_to_do(without_service_worker: Kernel) -> None:
    kernel = without_service_worker
    kernel.run("from jupyterlite_pool import pool_map\nopen('here.txt', 'w').write('text')")
    kernel.run("def read(name):\n    return open(name).read()")
    assert kernel.value("read('here.txt')") == "text"
    error = kernel.fails("pool_map(read, ['here.txt'])")
    text = "\n".join(error["traceback"])
    assert "FileNotFoundError" in error["ename"]
    assert "Read the file in the notebook and pass what is in it" in text
    assert kernel.value("list(pool_map(len, [read('here.txt')]))") == [4]


#: What a task does with files, by the error that says that there are none.
WITHOUT_FILES = {
    "open('in.txt')": "FileNotFoundError",
    "open('/drive/in.txt')": "FileNotFoundError",
    "open('out.txt', 'w')": "PermissionError",
    "pathlib.Path('out.bin').write_bytes(b'1')": "PermissionError",
    "os.makedirs('made')": "PermissionError",
    "os.listdir()": "PermissionError",
    "list(pathlib.Path.cwd().iterdir())": "PermissionError",
    "zipfile.ZipFile('out.zip', 'w')": "PermissionError",
    "sqlite3.connect('out.db')": "OperationalError",
}

TASKS_WITHOUT_FILES = """
import os
from jupyterlite_pool import pool_map
def attempt(code):
    import os, pathlib, sqlite3, zipfile
    return eval(code)
def scratch(text):
    import os, pathlib, tempfile
    (pathlib.Path(tempfile.mkdtemp()) / "file").write_text(text)
    with tempfile.NamedTemporaryFile("w+") as file:
        file.write(text)
        file.seek(0)
        return file.read(), os.getcwd()
"""


def tell_of_files(kernel: Kernel | Notebook) -> None:
    """Assert that no file is lost without a word, and that the pool goes on."""
    kernel.run(TASKS_WITHOUT_FILES)
    kernel.run(
        f"""
told = {{}}
for code in {list(WITHOUT_FILES)!r}:
    try:
        pool_map(attempt, [code])
    except Exception as error:
        notes = " ".join(error.__notes__)
        told[code] = type(error).__name__
        assert "workers do not have the notebook's files here" in notes, (code, notes)
        assert "Return what should be kept" in notes, (code, notes)
"""
    )
    assert kernel.value("told") == WITHOUT_FILES
    assert kernel.value("[pool_map(scratch, ['kept'])[0], os.getcwd()]") == [
        ["kept", kernel.value("os.getcwd()")],
        kernel.value("os.getcwd()"),
    ]


def test_what_a_task_would_write_where_nobody_finds_it_is_an_error(
    without_service_worker: Kernel,
) -> None:
    kernel = without_service_worker
    tell_of_files(kernel)
    # A folder that the notebook has made since, and home, where libraries keep things.
    kernel.run("os.makedirs('data/of-today'); os.chdir('data/of-today')")
    tell_of_files(kernel)
    kernel.run("os.chdir(os.path.expanduser('~'))")
    kernel.run("made = pool_map(attempt, ['os.makedirs(os.path.expanduser(\"~/.cache/x\"))'])[0]")
    assert kernel.value("made") is None


def test_an_isolated_page_without_service_worker_says_what_to_do(
    pages: Pages, isolated_site: str
) -> None:
    page = isolated_page(pages.open(), isolated_site, "delete Navigator.prototype.serviceWorker")
    notebook = Notebook(page)
    # Here the notebook has its files, by memory that it shares with the page.
    notebook.run("import os; open('/drive/in.txt', 'w').write('text')")
    assert notebook.value("[os.getcwd(), open('in.txt').read()]") == ["/drive", "text"]
    tell_of_files(notebook)


def test_renames_of_two_workers_to_one_new_name_replace_each_other(kernel: Kernel) -> None:
    kernel.run(
        """
def replace(worker):
    for number in range(12):
        part = pathlib.Path(f"made/part-{worker}")
        part.write_text("whole")
        part.replace(f"made/whole-{number}")

list(pool_map(replace, range(2), chunksize=1))
texts = {path.read_text() for path in pathlib.Path("made").glob("whole-*")}
"""
    )
    assert kernel.value("[*texts, len(list(pathlib.Path('made').glob('whole-*')))]") == [
        "whole",
        12,
    ]
