"""The same faults in our pool and in the pools of other projects; the tests judge ours alone."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext

from benchmarks.scripts import bundle, link_site, npm_packages, served, write_page
from tests.conftest import ROOT, Pages
from tests.support.door import DOOR
from tests.support.kernel import Kernel

from . import driving
from .outcome import CPYTHON, FAULTS, LOKY, OURS, WORKERPOOL, Beside, faults_of
from .tasks import BUSY, PAUSE, Ending, Unreadable

HERE = Path(__file__).parent


class Promise(NamedTuple):
    """The outcome that our pool promises."""

    #: The error of the faulty task; None for its value.
    ends: str | None
    #: How many of the other tasks fail.
    failed: int = 0
    #: Whether all later calls run, on both workers. If not, none runs.
    serves: bool = True


LOST = Promise("TerminatedWorkerError")
LATE = Promise("TaskTimeoutError")
NO_HARM = Promise(None)

#: The promise for each fault.
PROMISES = {
    "raises": Promise("ValueError"),
    "raises_system_exit": Promise("SystemExit"),
    "raises_keyboard_interrupt": Promise("KeyboardInterrupt"),
    "exits": LOST,
    "aborts": LOST,
    "traps": LOST,
    "overflows": LOST,
    "recurses": Promise("RecursionError"),
    "returns_what_is_too_deep": LOST,
    "fills_memory": Promise("MemoryError"),
    "loops": LATE,
    "loops_in_c": LATE,
    "loops_in_a_regex": LATE,
    "talks_on": LOST,
    "closes": LOST,
    "vanishes": LOST,
    "throws_late": NO_HARM,
    "ends_between_tasks": NO_HARM,
    "cannot_be_sent": Promise("PicklingError"),
    "cannot_be_read": Promise("RemoteUnpicklingError"),
    "returns_what_cannot_be_read": Promise("RemoteUnpicklingError"),
    "ends_its_reader": LOST,
    "forges": LOST,
    "dies_while_the_notebook_computes": LOST,
    "waits_within_a_wait": NO_HARM,
    "is_shut_down": Promise(None, serves=False),
    "cannot_start": Promise("PoolStartError", failed=driving.OTHERS, serves=False),
}

#: Seconds that one fault in one pool may take, with the pool's start and calls that never end.
MOST = 120

#: Whether to test the other pools and to write the table, which takes minutes.
ASKED = "BESIDE" in os.environ

asked = pytest.mark.skipif(not ASKED, reason="takes minutes: `make faults` asks for it")


@pytest.fixture(scope="module")
def beside() -> Iterator[Beside]:
    """The outcomes in all pools."""
    beside = Beside()
    yield beside
    if ASKED:
        beside.write()


@pytest.fixture(scope="module")
def ill_treated(module_pages: Pages, site: str) -> Kernel:
    """A kernel that has the functions of the faults."""
    kernel = Kernel(module_pages.open(f"{site}/lab/index.html"))
    kernel.run(DOOR)
    for name in ("tasks", "driving", "../inside/forging", "in_kernel"):
        source = (HERE / f"{name}.py").read_text("utf-8")
        # Into one namespace, the notebook's, because its functions travel by value.
        kernel.run("\n".join(li for li in source.split("\n") if not li.startswith("from .")))
    return kernel


@pytest.mark.parametrize("name", FAULTS)
def test_ours_loses_nothing_but_the_faulty_task(
    ill_treated: Kernel, beside: Beside, name: str
) -> None:
    outcome = beside.add(
        OURS, name, lambda instant: ill_treated.value(f"await in_kernel({name!r}, {instant})")
    )
    ends, failed, serves = PROMISES[name]
    assert outcome.ends == ends
    assert (outcome.failed, outcome.cancelled, outcome.unended) == (failed, 0, 0)
    assert outcome.ran == (driving.NEXT if serves else 0)
    if FAULTS[name].stays:
        assert (outcome.back is not None) == serves


@asked
@pytest.mark.timeout(MOST * len(FAULTS))
def test_npm_workerpool_is_recorded(browser: Browser, beside: Beside, tmp_path: Path) -> None:
    try:
        modules = npm_packages()
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        beside.absent[WORKERPOOL] = str(error).splitlines()[0].rstrip(".:")
        pytest.skip(str(error))
    bundle(tmp_path, sorted(HERE.glob("*.js")), [modules])
    write_page(tmp_path, "workerpool.js")
    shutil.copy(HERE / "tasks.py", tmp_path)
    link_site(tmp_path, ROOT / "_output")
    # In one context, so that pages after the first have all files in the cache, as kernels have.
    with served(tmp_path) as url, browser.new_context() as context:
        for name in faults_of(WORKERPOOL):
            beside.add(WORKERPOOL, name, functools.partial(_on_page, context, url, name))
    _check_driver(beside, WORKERPOOL)


def _check_driver(beside: Beside, pool: str) -> None:
    """Check that the driver works: a plain error harms no pool. Other outcomes are not judged."""
    found = beside.told[pool]["raises"]
    assert (found["ends"], found["failed"], found["ran"]) == ("ValueError", 0, driving.NEXT)
    assert found["back"] is not None


def _on_page(context: BrowserContext, url: str, name: str, instant: float | None) -> dict[str, Any]:
    """Cause a fault in npm's workerpool, on a page that is thrown away; the outcomes."""
    options = {
        "size": driving.SIZE,
        "others": driving.OTHERS,
        "next": driving.NEXT,
        "limit": driving.LIMIT,
        "start": driving.START,
        "never": driving.NEVER,
        "rest": driving.REST,
        "busy": BUSY,
        "pause": PAUSE,
        "deaf": driving.DEAF,
        "pickles": {
            "cannot_be_read": list(pickle.dumps(Unreadable())),
            "ends_its_reader": list(pickle.dumps(Ending())),
        },
    }
    with context.new_page() as page:
        page.set_default_timeout(MOST * 1000)
        page.goto(f"{url}/workerpool.html")
        page.wait_for_function("() => window.onWorkerpool")
        told: dict[str, Any] = page.evaluate(
            "([name, instant, options]) => onWorkerpool(name, instant, options)",
            [name, instant, options],
        )
        return told


@asked
@pytest.mark.timeout(MOST * len(FAULTS))
@pytest.mark.parametrize("kind", [LOKY, CPYTHON])
def test_a_native_pool_is_recorded(beside: Beside, kind: str) -> None:
    if kind == LOKY and importlib.util.find_spec("loky") is None:
        beside.absent[LOKY] = "it is not installed"
        pytest.skip("loky is not installed: `pip install loky`")
    for name in faults_of(kind):
        beside.add(kind, name, functools.partial(_in_processes, kind, name))
    _check_driver(beside, kind)


def _in_processes(kind: str, name: str, instant: float | None) -> dict[str, Any]:
    """Cause a fault in a native pool, in processes that are thrown away; the outcomes."""
    command = [sys.executable, "-m", "tests.faults.beside.native", kind, name, json.dumps(instant)]
    started = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        printed, _ = started.communicate(timeout=MOST)
    finally:
        try:
            os.killpg(started.pid, signal.SIGKILL)
        except ProcessLookupError:  # all have ended
            pass
    told: dict[str, Any] = json.loads(printed)
    return told
