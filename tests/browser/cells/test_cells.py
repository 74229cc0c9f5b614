"""Cells of notebooks, written after what people do and report, that must hold as they are.

Each file in `of_users/` is one cell. Its top says what is wanted, its asserts say what is right (as
CPython's own process pools do it), and it ends by printing `HOLDS` and its name.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.kernel import Kernel
from tests.support.wheels import COMPILED_FOR_DASK, DASK, Wheels
from tests.upstream.joblib.test_joblib_suite import JOBLIB

CELLS = sorted((Path(__file__).parent / "of_users").glob("*.py"))

#: What cells install, by the name of the cell.
PACKAGES = {"dask_bag_strings": DASK, "joblib_memory": [JOBLIB]}

#: What the site's kernels cannot load from PyPI here; the test installs it.
INSTALLS = re.compile(r"^await micropip\.install\(.*\)$", re.MULTILINE)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("cell", [pytest.param(cell, id=cell.stem) for cell in CELLS])
def test_a_cell_holds(fresh_kernel: Kernel, wheels: Wheels, cell: Path) -> None:
    code = cell.read_text("utf-8")
    assert bool(INSTALLS.search(code)) == (cell.stem in PACKAGES)
    wheels.install(fresh_kernel, *PACKAGES.get(cell.stem, []))
    if cell.stem == "dask_bag_strings":
        wheels.install_pure(fresh_kernel, COMPILED_FOR_DASK)
    reply = fresh_kernel.run(INSTALLS.sub("", code))
    assert reply.stdout.rstrip().endswith(f"HOLDS {cell.stem}")
