"""Runs in a kernel: pytest over the edited tests, on the pool; leaves `OUTCOMES` behind."""

import time

import pytest

from jupyterlite_pool import get_reusable_executor, register_joblib_backend

#: The outcome of each test by its id, and the text of those that failed.
OUTCOMES = {}
REPORTS = {}
SECONDS = {}
#: All tests by the name of their function.
COLLECTED = {}


class Watch:
    def __init__(self, excluded):
        self.excluded = excluded

    def pytest_collection_modifyitems(self, items):
        for item in items:
            COLLECTED.setdefault(item.originalname, []).append(item.name)
        items[:] = [item for item in items if not {item.name, item.originalname} & self.excluded]

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.rpartition("::")[2]
        SECONDS[name] = SECONDS.get(name, 0) + report.duration
        if report.when == "call" or not report.passed:
            OUTCOMES[name] = "xfailed" if hasattr(report, "wasxfail") else report.outcome
            if not report.passed:
                REPORTS[name] = report.longreprtext


async def run_tests(excluded):
    """Run all tests but the excluded ones, which are named with or without their parameters."""
    import asyncio

    register_joblib_backend(make_default=True)
    # More than one, so that "all" and "all but one" are different numbers.
    while len(get_reusable_executor(2).ready_workers) < 2:
        await asyncio.sleep(0.05)
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:faulthandler", "--capture=sys"]
    options += ["--pyargs", "joblib.test.test_parallel", "-W", "ignore::pytest.PytestWarning"]
    started = time.time()
    pytest.main(options, plugins=[Watch(set(excluded))])
    return time.time() - started
