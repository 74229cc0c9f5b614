"""Fixtures of the faults: the record of rounds, the time of a start, and a kernel with a pool."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from tests.conftest import ROOT, Pages
from tests.support.door import DOOR
from tests.support.kernel import Kernel

from . import MANY, ROUNDS
from .report import Record

INSIDE = Path(__file__).parent / "inside"


@pytest.fixture(scope="session")
def record() -> Iterator[Record]:
    """The record of all rounds."""
    record = Record()
    yield record
    record.write()


def _often(fixture_name: str, config: pytest.Config) -> Literal["module", "function"]:
    """How often to measure: in a long run of many rounds, the machine's speed changes."""
    return "function" if ROUNDS >= MANY else "module"


@pytest.fixture(scope=_often)
def boot(module_pages: Pages, site: str) -> float:
    """Seconds of an ordinary start of Pyodide, in this run."""
    page = module_pages.open(f"{site}/jupyter-lite.json")
    script = (ROOT / "benchmarks" / "starting.js").read_text("utf-8")
    took = float(page.evaluate(script, [site, "bare", 1]))
    page.close()
    return took


@pytest.fixture(scope="module")
def ill_treated(module_pages: Pages, site: str) -> Kernel:
    """A kernel that has the functions of the faults, and a pool for them."""
    kernel = Kernel(module_pages.open(f"{site}/lab/index.html"))
    kernel.run(DOOR)
    for name in ("load", "forging", "faults", "rounds"):
        source = (INSIDE / f"{name}.py").read_text("utf-8")
        # Into one namespace, the notebook's, because its functions travel by value.
        kernel.run("\n".join(li for li in source.split("\n") if not li.startswith("from .")))
    kernel.run("executor = WorkerPoolExecutor(SIZE)\nawait ready(executor)")
    return kernel
