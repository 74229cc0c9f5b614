"""Runs in a kernel: runs joblib's tests with pytest, on the pool."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jupyterlite_pool import get_reusable_executor, register_joblib_backend

#: The names of all tests, by the names of their functions.
COLLECTED: dict[str, list[str]] = {}

#: The outcome of each test that ran, and the report of each that did not pass.
OUTCOMES: dict[str, str] = {}
REPORTS: dict[str, str] = {}


class Watch:
    """A plugin of pytest: leaves out excluded tests, and records the outcomes of the others."""

    def __init__(self, excluded: set[str]) -> None:
        self.excluded = excluded

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        for item in items:
            COLLECTED.setdefault(item.originalname, []).append(item.name)
        items[:] = [item for item in items if not {item.name, item.originalname} & self.excluded]

    def pytest_runtest_logreport(self, report: Any) -> None:
        name = report.nodeid.partition("::")[2]
        if report.when == "call" or not report.passed:
            OUTCOMES[name] = report.outcome
        if not report.passed:
            REPORTS[name] = getattr(report, "wasxfail", None) or report.longreprtext


async def run_tests(excluded: list[str]) -> None:
    """Run all tests except those that are excluded, by their own or their functions' names."""
    register_joblib_backend(make_default=True)
    # Two workers on every machine, so that "all" and "all but one" are different, small numbers.
    while len(get_reusable_executor(2).ready_workers) < 2:
        await asyncio.sleep(0.05)
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:faulthandler", "--capture=sys"]
    options += ["--tb=short", "-W", "ignore::pytest.PytestWarning"]
    pytest.main([*options, "--pyargs", "joblib.test.test_parallel"], [Watch(set(excluded))])
