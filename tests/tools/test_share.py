"""A share of the long tests: which come first, and that the others are told of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import share

ROOT = Path(__file__).parents[2]

FILES = [Path(name) for name in ("a.py", "b.py", "c.py", "d.py", "e.py")]
TESTS = [(file, f"{file.stem}{number}") for number in range(3) for file in FILES]


def test_the_seed_decides_which_files_come_first() -> None:
    first = {share.in_order(TESTS, seed)[0][0] for seed in range(50)}
    assert first == {file.stem for file in FILES}


def test_all_processes_of_a_run_have_the_same_order() -> None:
    by_file = sorted(TESTS)  # as another process may have found them
    assert share.in_order(TESTS, 7) == share.in_order(by_file, 7)


def test_tests_of_a_file_stay_together_and_in_their_order() -> None:
    ordered = share.in_order(TESTS, 1)
    assert sorted(ordered) == sorted(name for _, name in TESTS)
    for file in FILES:
        places = [ordered.index(f"{file.stem}{number}") for number in range(3)]
        assert places == list(range(places[0], places[0] + 3))


@pytest.mark.parametrize(("seconds", "over"), [(float("inf"), False), (1e9, False), (0.0, True)])
def test_tests_begin_as_long_as_the_seconds_last(
    monkeypatch: pytest.MonkeyPatch, seconds: float, over: bool
) -> None:
    monkeypatch.setattr(share, "SECONDS", seconds)
    assert share.over() is over


def test_what_is_left_is_skipped_and_says_how_to_run_it() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/tools/test_tally.py"],
        env={**os.environ, "SHARE": "0"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "tests begin for 0 s, file by file, in an order that SEED decides" in run.stdout
    assert " 1 skipped in " in run.stdout
    assert share.LEFT in run.stdout
