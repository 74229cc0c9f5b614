"""Which tests `make` asks again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stuck import LOST

ROOT = Path(__file__).parents[2]

#: Notes how it was called, and ends with the next status.
ASKED = f"""#!{sys.executable}
import sys, pathlib
calls, statuses = (pathlib.Path(__file__).with_name(name) for name in ("calls", "statuses"))
with calls.open("a") as file:
    print(*sys.argv[1:], file=file)
first, *rest = statuses.read_text().split()
statuses.write_text(" ".join(rest))
sys.exit(int(first))
"""


def calls(folder: Path, *statuses: int) -> tuple[bool, list[str]]:
    """Whether `make` is content with runs that end like this, and the runs."""
    asked = folder / "asked"
    asked.write_text(ASKED)
    asked.chmod(0o755)
    (folder / "statuses").write_text(" ".join(map(str, statuses)))
    rule = "ask-for-this:\n\t$(call asked,-n 2,tests -m brief)"
    done = subprocess.run(
        ["make", "-s", "--eval", rule, "ask-for-this", f"PYTEST={asked}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (folder / "statuses").read_text() == ""
    return done.returncode == 0, (folder / "calls").read_text().splitlines()


ALL = "-n 2 tests -m brief"
FAILED = "--last-failed --last-failed-no-failures none tests -m brief"


@pytest.mark.parametrize(
    ("statuses", "content", "runs"),
    [
        ((0,), True, [ALL]),
        ((1, 0), True, [ALL, FAILED]),
        ((1, 1), False, [ALL, FAILED]),
        ((LOST, 0), True, [ALL, ALL]),
        ((LOST, LOST), False, [ALL, ALL]),
        ((2,), False, [ALL]),
        ((5,), False, [ALL]),
    ],
)
def test_what_failed_is_asked_alone_and_what_was_lost_as_a_whole(
    tmp_path: Path, statuses: tuple[int, ...], content: bool, runs: list[str]
) -> None:
    assert calls(tmp_path, *statuses) == (content, runs)
