"""What differs between releases of Pyodide, looked for in an ordinary Python."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
import time
import types
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from jupyterlite_pool import releases
from jupyterlite_pool.releases import (
    javascripts_null,
    mixes_up_answers,
    pausing_sleep,
    processes_in_c,
)

ROOT = Path(__file__).parents[2]

C_PART = "_multiprocessing"


@pytest.fixture
def without_c_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """This Python has no C part of `multiprocessing`, as those of browsers."""
    monkeypatch.delitem(sys.modules, C_PART, raising=False)
    monkeypatch.setattr(releases, "find_spec", lambda _: None)


def pause(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


def test_a_sleep_of_c_is_replaced_by_one_that_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    pausing = pausing_sleep(pause, lambda: True)
    assert pausing is not None
    pausing(3.5)
    assert slept == [3.5]
    with pytest.raises(ValueError, match="non-negative"):
        pausing(-1)
    # A task that calls it gets the worker's own.
    assert (pausing.__module__, pausing.__qualname__) == ("time", "sleep")


def test_where_python_cannot_pause_the_sleep_is_the_earlier_one() -> None:
    def fail(coroutine: Coroutine[Any, Any, None]) -> None:
        pytest.fail("it paused")

    pausing = pausing_sleep(fail, lambda: False)
    assert pausing is not None
    pausing(0.0)


def test_a_sleep_that_pauses_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    assert pausing_sleep(pause, lambda: True) is None


@pytest.mark.usefixtures("without_c_part")
def test_the_c_part_of_processes_is_there_while_a_module_is_imported_and_no_longer() -> None:
    with processes_in_c("concurrent.futures.process"):
        assert vars(importlib.import_module(C_PART)).get("SemLock") is None
    assert C_PART not in sys.modules


@pytest.mark.usefixtures("without_c_part")
def test_it_does_not_stay_after_an_import_that_fails() -> None:
    with pytest.raises(ImportError), processes_in_c():
        raise ImportError
    assert C_PART not in sys.modules


@pytest.mark.usefixtures("without_c_part")
def test_other_libraries_do_not_see_it() -> None:
    with processes_in_c("joblib"):
        assert C_PART not in sys.modules


def test_a_python_that_has_it_keeps_it() -> None:
    before = importlib.import_module(C_PART)
    with processes_in_c():
        assert sys.modules[C_PART] is before
    assert sys.modules[C_PART] is before


#: A worker of a notebook that has called `install`, in a Python without that part.
WORKER = """
import sys

class Refuse:
    def find_spec(self, name, path, target=None):
        if name == "_multiprocessing":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refuse())
from jupyterlite_pool.worker.current_worker import WorkerInfo, set_current_worker
from jupyterlite_pool.worker.surroundings.stand_ins import WorkerStandIns

set_current_worker(WorkerInfo(1, 1, 1))
WorkerStandIns().follow("jupyterlite_pool.stand_ins.install")
from concurrent.futures import ProcessPoolExecutor
print(ProcessPoolExecutor.__module__, "_multiprocessing" in sys.modules)
"""


def test_a_task_of_such_a_python_makes_process_pools() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORKER], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["jupyterlite_pool.stand_ins.process_executor", "False"]


@pytest.mark.parametrize("has_one", [True, False])
def test_the_null_of_javascript(monkeypatch: pytest.MonkeyPatch, has_one: bool) -> None:
    null = object()
    ffi = types.ModuleType("pyodide.ffi")
    if has_one:
        ffi.jsnull = null  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyodide", types.ModuleType("pyodide"))
    monkeypatch.setitem(sys.modules, "pyodide.ffi", ffi)
    assert javascripts_null() is (null if has_one else None)


@pytest.mark.parametrize(
    ("fields", "body", "mixes_up"),
    [
        (["_baseUrl"], "send(e)", True),
        (["_baseUrl", "_browsingContextId"], "send({data:e,browsingContextId:this._id})", True),
        (["_baseUrl", "_browsingContextId"], "send({data:{...e,requestId:t},requestId:t})", False),
        ([], "", False),
    ],
)
def test_a_drive_whose_requests_have_no_names(fields: list[str], body: str, mixes_up: bool) -> None:
    request = types.SimpleNamespace(toString=lambda: f"request(e){{{body}}}")
    prototype = types.SimpleNamespace(request=request)
    drive = types.SimpleNamespace(
        constructor=types.SimpleNamespace(prototype=prototype),
        request="the pool's own",
        **dict.fromkeys(fields, ""),
    )
    assert mixes_up_answers(drive) is mixes_up
