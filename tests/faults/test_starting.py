"""Damaged files of the site: the pool names the file, and does not keep starting workers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.conftest import ROOT, Pages
from tests.support.kernel import Kernel
from tests.support.own_pool import RUN
from tests.support.ruined import MISSING, RUINS, SILENT, Site, ruined_site

from . import ROUNDS, rounds
from .report import Record

POOL = "/extensions/jupyterlite-pool/static/pool.js"
FILES = [
    "/jupyterlite-pool/static/worker.js",
    "/pyodide/pyodide.mjs",
    "/pyodide/pyodide.asm.mjs",
    "/pyodide/pyodide.asm.wasm",
    "/pyodide/python_stdlib.zip",
]

#: The kinds of damage to a file.
WAYS = [MISSING, *RUINS]

#: Seconds after which these tests give up a start; a good start takes a third of that.
TIMEOUT = 15

#: The same where the start is a good one, on a machine that may be busy with other tests.
PATIENT = 60

START = """async ([site, timeout]) => {
  window.made ??= 0;
  if (!window.counting) {
    window.counting = true;
    window.Worker = class extends Worker {
      constructor(...args) {
        super(...args);
        window.made += 1;
      }
    };
  }
  window.made = 0;
  const { PyodidePool } = await import(`${site}/extensions/jupyterlite-pool/static/pool.js`);
  const started = performance.now();
  const pool = new PyodidePool(`${site}/extensions/jupyterlite-pool/static/worker.js`, 2, {
    startTimeout: timeout * 1000
  });
  const queued = pool.run('6 * 7').catch(error => error.name);
  let failed = null;
  try {
    await pool.init({ pyodideUrl: `${site}/static/pyodide/pyodide.mjs` });
  } catch (error) {
    failed = { name: error.name, message: error.message };
  }
  const value = await queued;
  pool.terminate();
  return { failed, value, made: window.made, took: (performance.now() - started) / 1000 };
}"""


@pytest.fixture(scope="module")
def ruined() -> Iterator[Site]:
    with ruined_site(ROOT / "_output") as site:
        yield site


@pytest.fixture(scope="module")
def page(module_pages: Pages) -> Page:
    return module_pages.open()


def start(page: Page, site: Site, timeout: float = TIMEOUT) -> dict[str, Any]:
    page.goto(f"{site.url}/jupyter-lite.json")
    outcome: dict[str, Any] = page.evaluate(START, [site.url, timeout])
    return outcome


@pytest.fixture(autouse=True)
def _whole(ruined: Site) -> Iterator[None]:
    yield
    ruined.ruined.clear()


@pytest.mark.parametrize("ruin", WAYS)
@pytest.mark.parametrize("file", FILES)
def test_a_file_of_the_site_is_ruined(
    ruined: Site, page: Page, record: Record, file: str, ruin: str
) -> None:
    ruined.ruined[file] = ruin
    outcome = start(page, ruined)
    assert outcome["failed"] is not None, outcome
    assert outcome["failed"]["name"] == "PoolStartError"
    assert file in outcome["failed"]["message"], outcome["failed"]["message"]
    assert outcome["value"] == "PoolStartError", "what was queued is told as well"
    assert outcome["made"] <= 4, "no storm of starts"
    assert outcome["took"] < 2 * TIMEOUT + 10
    record.add(
        f"`{file.rpartition('/')[2]}` is ruined: missing, empty, cut short, another, garbled"
    )


def test_a_file_that_never_comes_is_given_up(ruined: Site, page: Page, record: Record) -> None:
    ruined.ruined[FILES[4]] = SILENT
    outcome = start(page, ruined)
    assert "not ready after 15 s" in outcome["failed"]["message"]
    assert outcome["took"] < 2 * TIMEOUT + 10
    record.add("a file of the site never comes")


def test_the_pool_starts_again_when_the_site_is_whole(ruined: Site, page: Page) -> None:
    ruined.ruined[FILES[3]] = MISSING
    page.goto(f"{ruined.url}/jupyter-lite.json")
    assert page.evaluate(START, [ruined.url, TIMEOUT])["failed"] is not None
    ruined.ruined.clear()
    outcome = page.evaluate(START, [ruined.url, PATIENT])  # on the very same page
    assert outcome["failed"] is None
    assert outcome["value"] == 42


def test_the_runtime_is_asked_for_once_however_many_workers_start(ruined: Site, page: Page) -> None:
    ruined.asked.clear()
    assert start(page, ruined, PATIENT)["failed"] is None
    for file in FILES[3:]:
        assert sum(path.endswith(file) for path in ruined.asked) == 1, file


@pytest.mark.parametrize("ruin", WAYS)
def test_a_ruined_snapshot_only_makes_starts_slow(
    ruined: Site, page: Page, record: Record, ruin: str
) -> None:
    ruined.ruined["/snapshot.bin"] = ruin
    page.goto(f"{ruined.url}/jupyter-lite.json")
    assert page.evaluate(RUN, ruined.url) == [42, False]
    record.add("`snapshot.bin` is ruined: workers start the slow way")


def test_a_kernel_whose_snapshot_is_missing_has_a_pool(ruined: Site, pages: Pages) -> None:
    ruined.ruined["/snapshot.bin"] = MISSING
    kernel = Kernel(pages.open(f"{ruined.url}/lab/index.html"))
    kernel.run(
        "from jupyterlite_pool import WorkerPoolExecutor\n"
        "executor = WorkerPoolExecutor(1)\n"
        "value = await executor.submit(abs, -1)\n"
        "restored = [worker.restored for worker in executor._pool.backend._pool.workers]"
    )
    assert kernel.value("[value, restored]") == [1, [False]]


@pytest.fixture(scope="module")
def ruined_kernel(ruined: Site, module_pages: Pages) -> Kernel:
    """A kernel that has started before the site was ruined."""
    return Kernel(module_pages.open(f"{ruined.url}/lab/index.html"), strict=False)


@pytest.mark.timeout(60 + 30 * ROUNDS)
def test_a_kernel_without_workers_computes_itself_and_says_why(
    ruined: Site, ruined_kernel: Kernel, record: Record
) -> None:
    kernel = ruined_kernel
    ruined.ruined["/static/worker.js"] = MISSING
    kernel.run("from jupyterlite_pool import pool_map, WorkerPoolExecutor, errors")
    for _ in rounds():
        reply = kernel.run("print(list(pool_map(abs, [-1, -2])))")
        assert "[1, 2]" in reply.stdout
        assert "no worker could start" in reply.stderr
        assert f"{ruined.url}/extensions/jupyterlite-pool/static/worker.js" in reply.stderr
        assert "running 2 items one at a time in the kernel" in reply.stderr
        error = kernel.fails("WorkerPoolExecutor(1).submit(abs, -1).result()")
        assert "PoolStartError" in error["ename"]
        record.add("no worker can start: `pool_map` runs in the notebook, and says so", tasks=3)


def test_magics_without_workers_run_in_the_kernel_and_say_why(
    ruined: Site, ruined_kernel: Kernel
) -> None:
    kernel = ruined_kernel
    ruined.ruined["/static/worker.js"] = MISSING
    kernel.run("import jupyterlite_pool\nfrom jupyterlite_pool import current_worker\nk = 10")
    cells = {
        "%pool_map abs [-1, -2]": "[1, 2]",
        "%%pool_map x in range(2)\nassert current_worker() is None\nx * k": "[0, 10]",
    }
    for cell, result in cells.items():
        reply = kernel.run(cell)
        assert reply.result == result
        assert "PoolFallbackWarning: no worker could start" in reply.stderr
        assert f"{ruined.url}/extensions/jupyterlite-pool/static/worker.js" in reply.stderr
        assert "running 2 items one at a time in the kernel" in reply.stderr
    ruined.ruined.clear()
    reply = kernel.run("%%pool_map x in range(2)\ncurrent_worker() is None")
    assert reply.result == "[False, False]"
    assert reply.stderr == ""


def test_a_magic_never_runs_in_the_kernel_what_workers_could_not_be_set_up_for(
    pages: Pages, site: str
) -> None:
    kernel = Kernel(pages.open(f"{site}/lab/index.html"), strict=False)
    kernel.run(
        "from jupyterlite_pool import current_worker, get_reusable_executor\n"
        "def prepare():\n"
        "    if current_worker().id > 0:\n"
        "        raise LookupError('no data here')\n"
        "await get_reusable_executor(1).submit_everywhere(prepare)"
    )
    # The worker is lost, and its replacement cannot be set up.
    reply = kernel.execute(
        "%%pool_map --retries=1 x in [1]\nimport os\nif current_worker(): os._exit(1)"
    )
    assert reply.error is not None
    assert "PoolStartError" in reply.error["ename"]
    assert "LookupError: no data here" in reply.error["evalue"]
    assert "PoolFallbackWarning" not in reply.stderr
    assert kernel.run("%pool_map abs [-1]").result == "[1]", "with workers of a new pool"


@pytest.mark.timeout(60 + 30 * ROUNDS)
def test_an_initializer_that_raises_breaks_its_pool_and_says_where(
    fresh_kernel: Kernel, record: Record
) -> None:
    kernel = fresh_kernel
    kernel.run(
        "import asyncio\n"
        "from jupyterlite_pool import WorkerPoolExecutor\n"
        "def prepare():\n"
        "    raise LookupError('no data here')\n"
    )
    for _ in rounds():
        kernel.run(
            "executor = WorkerPoolExecutor(2, initializer=prepare)\n"
            "calls = [asyncio.wrap_future(executor.submit(abs, -i)) for i in range(5)]\n"
            "ends = await asyncio.gather(*calls, return_exceptions=True)"
        )
        assert kernel.value("[type(e).__name__ for e in ends]") == ["PoolStartError"] * 5
        assert "LookupError: no data here" in kernel.value("str(ends[0])")
        assert kernel.value("type(ends[0].__cause__).__name__") == "LookupError"
        error = kernel.fails("executor.submit(abs, -1)")
        assert "PoolStartError" in error["ename"]
        record.add("an initializer raises", tasks=5)
