"""How many workers there are, how large they may grow, and how long they stay when idle."""

from __future__ import annotations

import pytest

from tests.conftest import Pages
from tests.support.kernel import UNTIL, Kernel

WAITS = (
    UNTIL
    + """
from jupyterlite_pool import WorkerPoolExecutor, current_worker, pool_map
"""
)

#: Another tab of the site has all slots but this many. Chromium caps workers at twice the
#: gigabytes.
TAKE_SLOTS = """async left => {
  const cap = 2 * navigator.deviceMemory;
  window.release = [];
  for (let slot = left; slot < cap; slot++) {
    await new Promise(taken => {
      navigator.locks.request(`jupyterlite-pool:slot ${slot}`, () => {
        taken();
        return new Promise(release => window.release.push(release));
      });
    });
  }
}"""


@pytest.fixture(scope="module", autouse=True)
def _waits(kernel: Kernel) -> None:
    kernel.run(WAITS)


def test_all_notebooks_of_a_site_share_its_workers(pages: Pages, site: str) -> None:
    page = pages.open(f"{site}/lab/index.html")
    page.evaluate(TAKE_SLOTS, 1)
    kernel = Kernel(page)
    kernel.run(WAITS)
    reply = kernel.run(
        "executor = WorkerPoolExecutor(3)\n"
        "await until(lambda: executor.ready_workers)\n"
        "await until(lambda: executor._pool.listener.limited)"
    )
    assert "PoolPerformanceWarning: this pool has 1 of 3 workers: other notebooks" in reply.stderr
    assert kernel.value("await executor.submit(abs, -1)") == 1
    assert kernel.value("len(executor.status().workers)") == 1
    page.evaluate("() => window.release.pop()()")
    kernel.run("await until(lambda: len(executor.ready_workers) == 2)")
    page.evaluate("() => window.release.splice(0).forEach(release => release())")
    kernel.run("await until(lambda: len(executor.ready_workers) == 3)")


def test_the_sites_setting_holds_for_all_its_notebooks(pages: Pages, site: str) -> None:
    page = pages.open(f"{site}/lab/index.html")
    start = (
        "from jupyterlite_pool.notebook.page import page\n"
        "page.max_workers = 2  # as the settings say it\n"
        "executor = WorkerPoolExecutor(2)\n"
    )
    first = Kernel(page, "first.ipynb")
    first.run(WAITS)
    first.run(start + "await until(lambda: executor.status().spares)")
    assert first.value("len(executor.ready_workers)") == 2
    reply = first.run("more = WorkerPoolExecutor(5)\nsize = more.max_workers\nmore.shutdown()")
    assert "the setting maxWorkers gives 2 workers to all notebooks" in reply.stderr
    assert first.value("size") == 2
    second = Kernel(page, "second.ipynb")
    second.run(WAITS)
    second.run(start + "await until(lambda: executor.ready_workers)")
    assert second.value("[executor._pool.listener.limited, len(executor.status().workers)]") == [
        True, 1,
    ]  # fmt: skip


def test_what_a_kernel_had_another_gets_when_it_ends(pages: Pages, site: str) -> None:
    page = pages.open(f"{site}/lab/index.html")
    page.evaluate(TAKE_SLOTS, 3)
    first = Kernel(page, "first.ipynb")
    first.run(WAITS)
    first.run("executor = WorkerPoolExecutor(2)")
    first.run("await until(lambda: len(executor.ready_workers) == 2 and executor.status().spares)")
    other = page.context.new_page()
    other.goto(f"{site}/lab/index.html")
    second = Kernel(other, "second.ipynb")
    second.run(WAITS)
    second.run("executor = WorkerPoolExecutor(2)\nawait until(lambda: executor.ready_workers)")
    assert second.value("len(executor.status().workers)") == 1
    first.stop()
    second.run("await until(lambda: len(executor.ready_workers) == 2)")


def test_workers_with_nothing_to_do_are_let_go_and_come_back(kernel: Kernel) -> None:
    kernel.run(
        """
def set_up():
    global word
    word = "set up"
def read():
    return word
executor = WorkerPoolExecutor(2, idle_timeout=0.3, initializer=set_up)
assert await executor.submit_everywhere(read) == ["set up"] * 2
await until(lambda: not executor.ready_workers)
resting = executor.status()
again = [await executor.submit(read), await executor.submit(read)]
"""
    )
    assert kernel.value("[len(resting.workers), resting.spares]") == [0, 0]
    assert kernel.value("again") == ["set up"] * 2
    kernel.run("await until(lambda: not executor.ready_workers)")
    kernel.run("pids = await executor.submit_everywhere(current_worker)\nexecutor.shutdown()")
    assert kernel.value("len(pids)") == 2


def test_a_worker_that_has_grown_is_replaced_between_two_tasks(kernel: Kernel) -> None:
    kernel.run(
        """
def grow(megabytes):
    held = bytearray(megabytes << 20)
    return current_worker().id, len(held)
executor = WorkerPoolExecutor(1, max_worker_memory=200 << 20)
first = [await executor.submit(grow, 1) for _ in range(3)]
large = await executor.submit(grow, 300)
later = [await executor.submit(grow, 1) for _ in range(3)]
executor.shutdown()
"""
    )
    assert kernel.value("[worker for worker, _ in first]") == [0, 0, 0]
    assert kernel.value("large") == [0, 300 << 20]
    assert kernel.value("{worker for worker, _ in later} == {1}")


def test_a_leak_never_reaches_the_end_of_memory(kernel: Kernel) -> None:
    kernel.run(
        """
def leak(_):
    import sys
    if not hasattr(sys, "leaked"):
        sys.leaked = []
    sys.leaked.append(b"x" * (8 << 20))
    return current_worker().id, len(sys.leaked)
executor = WorkerPoolExecutor(2, max_worker_memory=150 << 20)
seen = list(executor.map(leak, range(60)))
executor.shutdown()
"""
    )
    assert kernel.value("len(seen)") == 60
    assert kernel.value("len({worker for worker, _ in seen}) > 2")
    assert kernel.value("max(count for _, count in seen) < 20")


@pytest.mark.parametrize("option", ["idle_timeout=0", "max_worker_memory=-1", "max_workers=2.5"])
def test_a_limit_that_is_none_is_refused(kernel: Kernel, option: str) -> None:
    error = kernel.fails(f"WorkerPoolExecutor({option})")
    assert option.partition("=")[0] in error["evalue"]
