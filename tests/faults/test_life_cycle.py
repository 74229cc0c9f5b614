"""No worker outlives its kernel, and none is taken for dead that only slept."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error, Page

from tests.conftest import Pages
from tests.support.beacons import BEAT, Beacons, listening
from tests.support.kernel import Kernel
from tests.support.renderers import asleep

from .report import Record

#: Seconds that a browser lets a busy worker go on after it was told to end it.
KILL = 2.0


@pytest.fixture(scope="module")
def beacons() -> Iterator[Beacons]:
    with listening() as beacons:
        yield beacons


@pytest.fixture
def page(pages: Pages, site: str) -> Page:
    return pages.open(f"{site}/lab/index.html")


def start_beating(page: Page, beacons: Beacons, name: str) -> Kernel:
    """A kernel with two workers that are busy for ever; `name 0` and `name 1` are heard of."""
    kernel = Kernel(page)
    kernel.run(
        "from jupyterlite_pool import WorkerPoolExecutor, pool_map\n"
        f"{BEAT}\n"
        "executor = WorkerPoolExecutor(2)\n"
        f"beating = [executor.submit(beat, {beacons.url!r}, f'{name}{{i}}') for i in range(2)]"
    )
    beacons.wait_heard(f"{name}0", f"{name}1")
    return kernel


def check_dead(beacons: Beacons, name: str, since: float, record: Record, words: str) -> None:
    """Both workers are gone soon enough."""
    last = beacons.wait_silence(f"{name}0", f"{name}1")
    outlived = max(0.0, last - since)
    assert outlived <= 2 * KILL, f"{outlived:.1f} s"
    record.add(words, detect=outlived)


def test_a_kernel_restarts_in_the_middle_of_a_map(
    page: Page, beacons: Beacons, record: Record
) -> None:
    kernel = start_beating(page, beacons, "restart")
    since = time.monotonic()
    page.evaluate("() => window.poolTest.session.kernel.restart()")
    check_dead(beacons, "restart", since, record, "the kernel restarts in the middle of a map")
    reply = kernel.run("from jupyterlite_pool import pool_map\nprint(list(pool_map(abs, [-1])))")
    assert reply.stdout == "[1]\n"
    assert kernel.value("'executor' in globals()") is False


def test_a_kernel_is_shut_down(page: Page, beacons: Beacons, record: Record) -> None:
    kernel = start_beating(page, beacons, "shutdown")
    since = time.monotonic()
    kernel.stop()
    check_dead(beacons, "shutdown", since, record, "the kernel is shut down")


def test_a_page_is_loaded_again(page: Page, beacons: Beacons, record: Record) -> None:
    start_beating(page, beacons, "reload")
    since = time.monotonic()
    page.reload()
    check_dead(beacons, "reload", since, record, "the page is loaded again")
    kernel = Kernel(page, "again.ipynb")
    assert kernel.run("from jupyterlite_pool import pool_map\nawait pool_map(abs, [-1])").result


def test_a_page_is_closed(pages: Pages, site: str, beacons: Beacons, record: Record) -> None:
    page = pages.open(f"{site}/lab/index.html")
    start_beating(page, beacons, "close")
    since = time.monotonic()
    page.close()
    check_dead(beacons, "close", since, record, "the page is closed")


def test_a_page_is_left_and_come_back_to(
    pages: Pages, site: str, beacons: Beacons, record: Record
) -> None:
    page = pages.open(f"{site}/lab/index.html")
    start_beating(page, beacons, "away")
    page.evaluate("() => { window.keptMark = true; }")
    since = time.monotonic()
    page.goto(f"{site}/jupyter-lite.json")
    check_dead(beacons, "away", since, record, "the page is left for another, and come back to")
    page.go_back(wait_until="commit")  # a page that was kept is not loaded, now and then for ever
    if page.evaluate("() => window.keptMark === true"):  # as it was
        beacons.wait_heard("away0", "away1")
    else:
        kernel = Kernel(page, "again.ipynb")
        assert kernel.run("from jupyterlite_pool import pool_map\nawait pool_map(abs, [-1])").result


def test_a_page_crashes(pages: Pages, site: str, beacons: Beacons, record: Record) -> None:
    page = pages.open(f"{site}/lab/index.html")
    start_beating(page, beacons, "crash")
    context = page.context
    since = time.monotonic()
    with pytest.raises(Error, match="crash"):
        page.goto("chrome://crash")
    page.close()
    check_dead(beacons, "crash", since, record, "the page crashes")
    again = context.new_page()
    again.goto(f"{site}/lab/index.html")
    kernel = Kernel(again, "again.ipynb")
    assert kernel.run("from jupyterlite_pool import pool_map\nawait pool_map(abs, [-1])").result


@pytest.mark.long
def test_a_laptop_sleeps_for_longer_than_a_task_may_take(
    page: Page, browser: Browser, beacons: Beacons, record: Record
) -> None:
    kernel = Kernel(page)
    kernel.run(
        f"""
from jupyterlite_pool import pool_map
async def doze(name):
    import asyncio, js
    for _ in range(100):
        await js.fetch("{beacons.url}/" + name)
        await asyncio.sleep(0.03)
    return name
job = pool_map(doze, ["asleep0", "asleep1"], task_timeout=12, timeout=25, block=False,
               return_exceptions=True)
"""
    )
    beacons.wait_heard("asleep0", "asleep1")
    with asleep(browser):
        before = dict(beacons.count)
        beacons.wait_silence("asleep0", "asleep1", of=26.0)
        assert beacons.count == before
    assert kernel.run("await job").result == "['asleep0', 'asleep1']"
    assert beacons.count["asleep0"] > before["asleep0"]
    record.add("the machine sleeps for longer than a task and its job may take, and goes on")
