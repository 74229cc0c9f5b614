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

#: How many most executors of the tests have; they start while the first tests run, which use none.
WORKERS = 5


def prepare() -> None:
    """Let the tests find our executor where they look for the standard library's."""
    apply()
    install_waits()  # else only the first executor does, and the first tests make none
    install()
    # The notebook's folder is served by the page: every import would ask for it first.
    os.chdir("/tmp")
    STOCK.start(WORKERS)
    vars(concurrent.futures)["ProcessPoolExecutor"] = TestedExecutor


async def run(module: str, case: str, method: str, limit: float) -> dict[str, Any]:
    """Run one method.

    Args:
        limit: seconds after which it counts as hanging; what it waits for is left behind.

    Returns:
        `outcome` ("passed", "failed", "skipped" or "hangs"), `text` with what went wrong, and the
        `seconds` it took.
    """
    result = unittest.TestResult()
    started = time.monotonic()
    # Each in a task of its own, so that one that hangs holds up no other.
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
        # The notebook's own shows the error in the cell.
        mock.patch.object(sys, "excepthook", sys.__excepthook__),
    ):
        test.run(result)


class CooperativeThread:
    """What a test needs of a thread that sets a future while the test waits for it."""

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
