"""The bare wheel in a notebook of JupyterLite 0.6 and 0.7, with the Pyodide of each.

`tools/lite_sites.py` builds the sites. Nothing of ours is on them: a notebook installs the wheel.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from lite_sites import RECIPES, lite_site
from releases import UnavailableError

from tests.conftest import Pages
from tests.releases.conftest import IN_SOAK, the_wheel
from tests.releases.drive import FILES, tasks_read_and_write
from tests.support.isolated import MENDED
from tests.support.kernel import UNTIL, Kernel
from tests.support.strangers import lay_out, start_kernel
from tests.support.wheels import CLOUDPICKLE, INICONFIG, Wheels, download

# A kernel starts, then two workers; on a drive that takes turns, files are slow.
pytestmark = pytest.mark.timeout(240)

#: The one that `make test-all` tries.
NEWEST = "0.7.6"

PARAMS = [pytest.param(lite, marks=[] if lite == NEWEST else [IN_SOAK]) for lite in RECIPES]

SET_UP = """
import json, os, pathlib, time, warnings
from concurrent.futures import CancelledError, as_completed, wait
from jupyterlite_pool import WorkerPoolExecutor, current_worker, get_reusable_executor, pool_map
from jupyterlite_pool.errors import PoolFallbackWarning
warnings.simplefilter("error", PoolFallbackWarning)
executor = get_reusable_executor(2)
"""

#: Names and contents differ, so that the answer to another one's request is seen as such.
BESIDE = """
def write(name):
    path = pathlib.Path(f"numbers/{name}.txt")
    path.write_text(name * 50)
    return path.read_text() == name * 50 and not os.path.exists(f"numbers/no-{name}.txt")

futures = [executor.submit(write, f"task {i}") for i in range(16)]
own = [write(f"notebook {i}") for i in range(16)]
of_tasks = [future.result() for future in futures]
"""

MODULE = """
pathlib.Path("beside_it.py").write_text("def triple(x):\\n    return 3 * x\\n")
import importlib; importlib.invalidate_caches()
import beside_it
tripled = list(pool_map(beside_it.triple, range(4)))
pathlib.Path("only_there.py").write_text("TEXT = 'found'\\n")

def look():
    import only_there
    return only_there.TEXT

found = executor.submit(look).result()
"""

#: A task that does not end by itself, and says that it runs with a file.
ENDLESS = """
def endless(name):
    pathlib.Path(name).touch()
    while True:
        pass

async def cancelled(name):
    future = executor.submit(endless, name)
    await until(lambda: os.path.exists(name))
    assert future.cancel(running=True)
    try:
        future.result()
    except CancelledError:
        return executor.submit(abs, -5).result()
"""


@pytest.fixture(scope="module", params=PARAMS)
def site(request: pytest.FixtureRequest) -> Path:
    """The folder of a site; skips where its parts cannot be had."""
    try:
        return lite_site(request.param)
    except UnavailableError as error:
        pytest.skip(str(error))


def start(
    site: Path, pages: Pages, serve: Callable[..., str], folder: Path, isolated: bool = False
) -> Kernel:
    """A kernel of the site, in which the bare wheel is installed."""
    wheels = [the_wheel(), download(CLOUDPICKLE)]
    lay_out(site, wheels, folder)
    page = pages.open()
    if isolated:
        page.add_init_script(MENDED)
    kernel = start_kernel(page, serve(folder, isolated=isolated), wheels)
    kernel.run(SET_UP + UNTIL)
    kernel.run("await until(lambda: len(executor.ready_workers) == 2)")
    kernel.run(FILES)
    return kernel


@pytest.fixture(scope="module")
def kernel(
    site: Path,
    module_pages: Pages,
    serve: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Kernel:
    """A kernel that the tests of a site share."""
    return start(site, module_pages, serve, tmp_path_factory.mktemp("lite"))


def test_workers_are_restored_from_memory(kernel: Kernel) -> None:
    kernel.run("workers = executor._pool.backend._pool.workers")
    assert kernel.value("sorted(bool(worker.restored) for worker in workers)") == [False, True]


def test_values_are_those_of_a_loop(kernel: Kernel) -> None:
    kernel.run("squares = list(pool_map(lambda x: (x * x, current_worker().id), range(300)))")
    assert kernel.value("[square for square, _ in squares] == [x * x for x in range(300)]") is True
    assert kernel.value("len({worker for _, worker in squares})") == 2


def test_an_error_names_its_item(kernel: Kernel) -> None:
    error = kernel.fails("pool_map(lambda x: 1 // (x - 3), range(6))")
    text = re.sub(r"\x1b\[[\d;]*m", "", "".join(error["traceback"]))
    assert "ZeroDivisionError" in error["ename"]
    assert "1 // (x - 3)" in text
    assert "item 3 of 6 (args: 3)" in text


def test_an_executor_does_what_others_do(kernel: Kernel) -> None:
    kernel.run(
        """
with WorkerPoolExecutor(2) as own:
    mapped = list(own.map(pow, range(8), [2] * 8))
    futures = [own.submit(divmod, n, 3) for n in range(6)]
    waited = len(wait(futures, timeout=60).done)
    completed = sorted(future.result() for future in as_completed(futures))
awaited = await executor.submit(sum, [1, 2, 3])
"""
    )
    assert kernel.value("mapped") == [n * n for n in range(8)]
    assert kernel.value("waited") == 6
    assert kernel.value("completed == sorted(divmod(n, 3) for n in range(6))") is True
    assert kernel.value("awaited") == 6
    assert "RuntimeError" in kernel.fails("own.submit(abs, 1)")["ename"]


def test_tasks_read_and_write_the_notebooks_files(kernel: Kernel) -> None:
    tasks_read_and_write(kernel)


def test_the_notebook_and_its_workers_ask_for_files_at_once(kernel: Kernel) -> None:
    # JupyterLite 0.6 would give one the answer to the other's request.
    kernel.run(BESIDE)
    assert kernel.value("own == of_tasks == [True] * 16") is True


def test_tasks_import_modules_beside_the_notebook(kernel: Kernel) -> None:
    kernel.run(MODULE)
    assert kernel.value("tripled") == [0, 3, 6, 9]
    assert kernel.value("found") == "found"


def test_packages_of_the_notebook_reach_workers(kernel: Kernel, wheels: Wheels) -> None:
    wheels.install(kernel, INICONFIG)
    kernel.run(
        """
def version():
    import iniconfig
    return iniconfig.IniConfig("limits.ini", "[own]\\nlimit = 7\\n")["own"]["limit"]
limits = await executor.submit_everywhere(version)
"""
    )
    assert kernel.value("limits") == ["7", "7"]


def test_a_running_task_is_cancelled(kernel: Kernel) -> None:
    kernel.run(ENDLESS)
    assert kernel.value("await cancelled('endless-runs')") == 5


def test_a_task_is_stopped_at_its_time_limit(kernel: Kernel) -> None:
    error = kernel.fails(
        """
def turn_or_not(x):
    while x == 1:
        pass
    return x
pool_map(turn_or_not, range(3), task_timeout=1, progress=False)
"""
    )
    assert "TaskTimeoutError" in error["ename"]
    assert "item 1 of 3" in "".join(error["traceback"])
    error = kernel.fails("pool_map(turn_or_not, [1, 1], timeout=1, progress=False)")
    assert "timeout=1 s" in error["evalue"]
    assert kernel.value("list(pool_map(abs, [-1, -2]))") == [1, 2]


def test_the_card_is_made_of_the_sites_own_widgets(kernel: Kernel) -> None:
    kernel.run("%pip install ipywidgets")
    reply = kernel.run("_ = pool_map(lambda x: time.sleep(0.2), range(20), chunksize=1)")
    shown = [output["data"] for output in reply.outputs if "data" in output]
    assert any("application/vnd.jupyter.widget-view+json" in data for data in shown)


def test_on_an_isolated_page_the_pool_works_without_the_drive(
    site: Path, pages: Pages, serve: Callable[..., str], tmp_path: Path
) -> None:
    kernel = start(site, pages, serve, tmp_path, isolated=True)
    kernel.run("pathlib.Path('here.txt').write_text('here')")
    assert kernel.value("list(pool_map(abs, [-1, -2, 3]))") == [1, 2, 3]
    assert kernel.value("list(pool_map(os.path.exists, ['here.txt']))") == [False]
