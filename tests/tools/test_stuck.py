"""A process that does not go on is ended, and its run has not passed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stuck import LOST

ROOT = Path(__file__).parents[2]

TESTS = """
import pytest, time

def stay():
    for seconds in (100, 100):
        try:
            time.sleep(seconds)
        except BaseException:  # the time limit is raised once
            pass

@pytest.fixture
def lingering():
    yield
    stay()

def test_before(): pass

@pytest.mark.timeout(0.2)
def test_that_swallows_its_time_limit(): stay()

@pytest.mark.timeout(0.2)
def test_that_fails_and_lingers(lingering): assert False

def test_after(): pass
"""


#: The first process of a run never hears which test is the next.
DEAF = """
import os, pytest, time

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    yield
    if os.environ.get("PYTEST_XDIST_WORKER") == "gw0":
        time.sleep(100)
    return True
"""


#: How `make` has tests run side by side.
BESIDE = ("-n", "1", "--dist", "loadfile", "--max-worker-restart", "0")


def run(
    folder: Path, *options: str, limit: float = 30, tests: str = TESTS, conftest: str = ""
) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text(f"[pytest]\ntimeout = {limit}\n")
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_it.py").write_text(tests)
    plugins = ("-p", "no:cacheprovider", "-p", "tests.support.stuck")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *options, str(folder)],
        env={**os.environ, "SPARE": "3"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.mark.parametrize("name", ["swallows_its_time_limit", "fails_and_lingers"])
def test_a_test_that_does_not_end_has_failed(tmp_path: Path, name: str) -> None:
    done = run(tmp_path, *BESIDE, "-k", f"before or after or {name}")
    assert f"crashed while running 'test_it.py::test_that_{name}'" in done.stdout
    assert 'test_it.py", line 7 in stay' in done.stderr
    assert done.returncode == LOST


def test_a_process_that_waits_for_its_next_test_is_ended(tmp_path: Path) -> None:
    tests = "".join(f"def test_{number}(): pass\n" for number in range(4))
    done = run(tmp_path, *BESIDE, tests=tests, conftest=DEAF)
    assert "in pytest_runtest_protocol" in done.stderr
    assert "1 failed" in done.stdout
    assert done.returncode == LOST


def test_a_process_that_crashes_is_told_of(tmp_path: Path) -> None:
    done = run(tmp_path, *BESIDE, tests="import os\ndef test_it(): os._exit(0)\n")
    assert done.returncode == LOST


def test_alone_it_ends_the_run_and_says_where_it_was(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode != 0
    assert 'test_it.py", line 7 in stay' in done.stderr


@pytest.mark.parametrize("limit", [0, -1])
def test_a_test_without_a_time_limit_is_refused(tmp_path: Path, limit: float) -> None:
    done = run(tmp_path, limit=limit)
    assert done.returncode != 0
    assert "test_it.py::test_before has no time limit" in done.stdout + done.stderr
