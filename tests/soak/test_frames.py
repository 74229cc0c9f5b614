"""Changed frames to the pool's own JavaScript, by a test of the labextension."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

from .conftest import MINUTES, Effort

FRAMES = 100_000


@pytest.mark.skipif(not MINUTES, reason="its shorter form is among the tests of the labextension")
def test_whatever_a_worker_says_every_batch_ends_once(effort: Effort) -> None:
    command = [sys.executable, "../tools/node.py", "npm", "test", "--", "test/pool/mutated.test.ts"]
    done = subprocess.run(
        command,
        cwd=ROOT / "labextension",
        env={**os.environ, "FRAMES": str(FRAMES)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    effort.keep("mutated frames of workers", tried=FRAMES, hangs=0, wrong=0)
