"""Ends a process of a run that does not go on, and lets no run pass that has lost one.

A time limit is an error that is raised in the test, once. A test that swallows it, or that waits
again on its way out, goes on for ever, and so does the run. So does a process of pytest-xdist that
never hears which test is the next. Here another thread, which needs nothing of Python, shows where
all threads are and ends the process.

A process of pytest-xdist can also crash. Where tests are given out by file, what it had left may
never run then (https://github.com/pytest-dev/pytest-xdist/issues/1378), and only one test counts as
failed. So such a run ends with a status of its own, and `make` has all of it again.
"""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Generator
from typing import Any

import pytest

#: Seconds that a test and its fixtures have after their time limit, and that lie between two tests.
SPARE = float(os.environ.get("SPARE", "60"))

#: The exit status of a run that has lost a process.
LOST = 70

#: Whether this run has lost one.
_HAS_LOST = pytest.StashKey[bool]()

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


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Note that a process of pytest-xdist has crashed."""
    if error:
        node.config.stash[_HAS_LOST] = True


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """All tests have ended, or will never run."""
    faulthandler.cancel_dump_traceback_later()
    if session.config.stash.get(_HAS_LOST, False):
        session.exitstatus = LOST
