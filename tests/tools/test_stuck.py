"""A test that cannot be stopped ends its process, and no other test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


def run(folder: Path, *options: str, limit: float = 30) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text(f"[pytest]\ntimeout = {limit}\n")
    (folder / "test_it.py").write_text(TESTS)
    plugins = ("-p", "no:cacheprovider", "-p", "tests.support.stuck")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *options, str(folder)],
        env={**os.environ, "SPARE": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_beside_others_it_has_failed_and_the_others_run(tmp_path: Path) -> None:
    done = run(tmp_path, "-n", "1")
    assert "2 passed" in done.stdout
    for name, stage in (("swallows_its_time_limit", "call"), ("fails_and_lingers", "teardown")):
        test = f"test_it.py::test_that_{name}"
        assert f"crashed while running '{test}'" in done.stdout, stage
    assert done.stderr.count('test_it.py", line 7 in stay') == 2


def test_alone_it_ends_the_run_and_says_where_it_was(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode != 0
    assert 'test_it.py", line 7 in stay' in done.stderr


@pytest.mark.parametrize("limit", [0, -1])
def test_a_test_without_a_time_limit_is_refused(tmp_path: Path, limit: float) -> None:
    done = run(tmp_path, limit=limit)
    assert done.returncode != 0
    assert "test_it.py::test_before has no time limit" in done.stdout + done.stderr
