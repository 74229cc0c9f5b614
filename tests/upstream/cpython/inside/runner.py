"""Runs single methods of CPython's tests in the kernel."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import importlib
import os
import sys
import threading
import time
import unittest
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from unittest import mock

from pyodide.ffi import run_sync

from jupyterlite_pool import install
from jupyterlite_pool.waiting.suspending_lock import install_waits

from .processes import TestedExecutor
from .shims import apply
from .stock import STOCK

#: The size of most executors of the tests. This many workers start while the first tests need none.
WORKERS = 5


def prepare() -> None:
    """Put our executor in the place of the standard library's, so that the tests find it."""
    apply()
    install_waits()  # the first executor would do it, but the first tests wait without an executor
    install()
    # Not the notebook's folder: each import would first look there, and ask the page for a file.
    os.chdir("/tmp")
    STOCK.start(WORKERS)
    vars(concurrent.futures)["ProcessPoolExecutor"] = TestedExecutor


async def run(module: str, case: str, method: str, limit: float) -> dict[str, Any]:
    """Run one method.

    Args:
        module: the module of `test.test_concurrent_futures`.
        case: the class of the test.
        method: the name of the test.
        limit: seconds after which the test counts as hanging, and is left alone.

    Returns:
        `outcome` ("passed", "failed", "skipped" or "hangs"), `text` with the errors or the reason,
        and the `seconds` that the test took.
    """
    result = unittest.TestResult()
    started = time.monotonic()
    # In a task of its own, so that a test that hangs does not block the next tests.
    task = asyncio.ensure_future(_run(module, case, method, result))
    await asyncio.wait([task], timeout=limit)
    seconds = time.monotonic() - started
    if not task.done():
        return {"outcome": "hangs", "text": f"it ran longer than {limit} s", "seconds": seconds}
    task.result()
    wrong = [text for _, text in [*result.failures, *result.errors]]
    skipped = [reason for _, reason in result.skipped]
    outcome = "failed" if wrong else "skipped" if skipped else "passed"
    if outcome == "passed" and result.testsRun != 1:
        outcome, wrong = "failed", [f"{result.testsRun} tests were run"]
    return {"outcome": outcome, "text": "\n".join([*wrong, *skipped]), "seconds": seconds}


async def _run(module: str, case: str, method: str, result: unittest.TestResult) -> None:
    tests = importlib.import_module(f"test.test_concurrent_futures.{module}")
    test: unittest.TestCase = getattr(tests, case)(method)
    with (
        mock.patch.object(threading, "Thread", CooperativeThread),
        # The notebook's own hook would show the error in the cell.
        mock.patch.object(sys, "excepthook", sys.__excepthook__),
    ):
        test.run(result)


class CooperativeThread:
    """The part of a thread that tests need to set a future while they wait for it."""

    def __init__(
        self,
        group: None = None,
        target: Callable[..., object] | None = None,
        name: str | None = None,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        assert target is not None
        self._call = functools.partial(target, *args, **(kwargs or {}))

    def start(self) -> None:
        async def body() -> None:
            self._call()

        self._task = asyncio.ensure_future(body())

    def join(self, timeout: float | None = None) -> None:
        run_sync(asyncio.wait([self._task], timeout=timeout))
