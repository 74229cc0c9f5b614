"""Cards with an ipywidgets of before 8, which sites may pin."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.wheels import download

#: The last of its line, and what it imports that is not installed beside a newer one.
OLDER = ("ipywidgets==7.7.5", "ipython_genutils==0.2.0")


@pytest.mark.timeout(120)
def test_all_that_cards_do_they_do_with_ipywidgets_7(tmp_path: Path) -> None:
    for requirement in OLDER:
        with zipfile.ZipFile(download(requirement)) as wheel:
            wheel.extractall(tmp_path)
    others = [path for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, others)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    probe = "import ipywidgets; print(ipywidgets.__version__)"
    version = subprocess.run(
        [sys.executable, "-c", probe],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert version.startswith("7."), "it was not the older one that was tried"
