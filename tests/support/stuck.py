"""Ends a process of a run that does not go on.

A time limit is an error that is raised in the test, once. A test that swallows it, or that waits
again on its way out, goes on for ever, and so does the run. So does a process of pytest-xdist that
never hears which test is the next. Here another thread, which needs nothing of Python, shows where
all threads are and ends the process. pytest-xdist reports the test as failed then, and goes on with
a new process.
"""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Generator

import pytest

#: Seconds that a test and its fixtures have after their time limit, and that lie between two tests.
SPARE = float(os.environ.get("SPARE", "60"))

#: The standard error of this process, which pytest puts aside while it captures.
_STDERR = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the standard error of this process."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        config.stash[_STDERR] = os.dup(2)


def time_limit(item: pytest.Item) -> float:
    """Seconds that a test may take.

    Raises:
        pytest.UsageError: it has no limit.
    """
    marker = item.get_closest_marker("timeout")
    limit = float(marker.args[0] if marker else item.config.getini("timeout") or 0)
    if limit <= 0:
        raise pytest.UsageError(f"{item.nodeid} has no time limit: a hang would never end")
    return limit


def _watch(item: pytest.Item, seconds: float) -> None:
    faulthandler.dump_traceback_later(seconds, exit=True, file=item.config.stash[_STDERR])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """End this process if a test does not end, or if no other one follows."""
    _watch(item, time_limit(item) + SPARE)
    try:
        return (yield)
    finally:
        _watch(item, SPARE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Begin once more: pytest itself calls it off when a test has failed."""
    _watch(item, time_limit(item) + SPARE)
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """All tests have ended."""
    faulthandler.cancel_dump_traceback_later()
