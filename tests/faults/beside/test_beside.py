"""The pool and those of others after the same faults; only of ours is anything promised."""

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
from typing import Any

import pytest
from playwright.sync_api import Browser

from benchmarks.scripts import bundle, link_site, npm_packages, served, write_page
from tests.conftest import ROOT, Pages
from tests.support.kernel import Kernel

from . import driving
from .outcome import CPYTHON, FAULTS, LOKY, OURS, WORKERPOOL, Beside
from .tasks import BUSY, Unreadable

HERE = Path(__file__).parent

#: With what a faulty task of ours ends.
ENDS = {
    "raises": "ValueError",
    "exits": "TerminatedWorkerError",
    "traps": "TerminatedWorkerError",
    "closes": "TerminatedWorkerError",
    "loops": "TaskTimeoutError",
    "cannot_be_sent": "PicklingError",
    "cannot_be_read": "RemoteUnpicklingError",
    "throws_late": None,
    "fills_memory": "MemoryError",
}

#: Seconds that one fault in one pool may take: its start, and all that never ends.
MOST = 120

#: Whether to ask the others, and to write the table; it takes minutes.
ASKED = "BESIDE" in os.environ

asked = pytest.mark.skipif(not ASKED, reason="takes minutes: `make faults` asks for it")


@pytest.fixture(scope="module")
def beside() -> Iterator[Beside]:
    """What becomes of all pools."""
    beside = Beside()
    yield beside
    if ASKED:
        beside.write()


@pytest.fixture(scope="module")
def ill_treated(module_pages: Pages, site: str) -> Kernel:
    """A kernel that can do the faults."""
    kernel = Kernel(module_pages.open(f"{site}/lab/index.html"))
    for name in ("tasks", "driving", "in_kernel"):
        source = (HERE / f"{name}.py").read_text("utf-8")
        # One namespace, that of the notebook: what is defined there travels by value.
        kernel.run("\n".join(li for li in source.split("\n") if not li.startswith("from .")))
    return kernel


@pytest.mark.long
@pytest.mark.parametrize("name", FAULTS)
def test_ours_loses_nothing_but_the_faulty_task(
    ill_treated: Kernel, beside: Beside, name: str
) -> None:
    outcome = beside.add(
        OURS, name, lambda instant: ill_treated.value(f"await in_kernel({name!r}, {instant})")
    )
    assert outcome.ends == ENDS[name]
    assert (outcome.failed, outcome.unended) == (0, 0)
    assert outcome.ran == driving.NEXT
    assert outcome.back is not None


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
    with served(tmp_path) as url:
        for name in FAULTS:
            beside.add(WORKERPOOL, name, functools.partial(_on_page, browser, url, name))
    _check_driver(beside.told[WORKERPOOL])


def _check_driver(told: dict[str, Any]) -> None:
    """What a pool of others does is its own affair, but a plain error harms none of them."""
    assert told.keys() == FAULTS.keys()
    found = told["raises"]
    assert (found["ends"], found["failed"], found["ran"]) == ("ValueError", 0, driving.NEXT)
    assert found["back"] is not None


def _on_page(browser: Browser, url: str, name: str, instant: float | None) -> dict[str, Any]:
    """What becomes of npm's workerpool, on a page that is thrown away."""
    options = {
        "size": driving.SIZE,
        "others": driving.OTHERS,
        "next": driving.NEXT,
        "limit": driving.LIMIT,
        "start": driving.START,
        "never": driving.NEVER,
        "rest": driving.REST,
        "busy": BUSY,
        "unreadable": list(pickle.dumps(Unreadable())),
    }
    with browser.new_context() as context:
        page = context.new_page()
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
    for name in FAULTS:
        beside.add(kind, name, functools.partial(_in_processes, kind, name))
    _check_driver(beside.told[kind])


def _in_processes(kind: str, name: str, instant: float | None) -> dict[str, Any]:
    """What becomes of a native pool, in processes that are thrown away."""
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
