"""The contract of an executor, kept by Pyodide workers in a real kernel."""

from __future__ import annotations

import pytest

from tests.contract.engines import TELLING
from tests.support.kernel import Kernel
from tests.support.promises import FACTORY, PROMISES, SOURCES, call

#: What `make test` asks; the rest is the same code of ours as on other engines.
SHORT = {promise.__name__ for promise in TELLING}


@pytest.fixture(scope="module", autouse=True)
def _contract(kernel: Kernel) -> None:
    for source in SOURCES:
        kernel.run(source)
    kernel.run(FACTORY)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in SHORT else [pytest.mark.long]) for name in PROMISES],
)
def test_contract_in_browser(kernel: Kernel, name: str) -> None:
    kernel.run(call(name))
