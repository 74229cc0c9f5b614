"""Rounds of faults, how many there are, and where they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from tests.conftest import ROOT, Pages
from tests.support.kernel import Kernel

from . import ROUNDS
from .report import Record

INSIDE = Path(__file__).parent / "inside"


@pytest.fixture(scope="session")
def record() -> Iterator[Record]:
    """Where rounds are kept."""
    record = Record()
    yield record
    record.write()


def _often(fixture_name: str, config: pytest.Config) -> Literal["module", "function"]:
    """How often to measure: a run of many rounds is long, and machines change their pace."""
    return "module" if ROUNDS == 1 else "function"


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
    """A kernel with the faults, and a pool to do them to."""
    kernel = Kernel(module_pages.open(f"{site}/lab/index.html"))
    for name in ("load", "forging", "faults", "rounds"):
        source = (INSIDE / f"{name}.py").read_text("utf-8")
        # One namespace, that of the notebook: what is defined there travels by value.
        kernel.run("\n".join(li for li in source.split("\n") if not li.startswith("from .")))
    kernel.run("executor = WorkerPoolExecutor(SIZE)\nawait ready(executor)")
    return kernel
