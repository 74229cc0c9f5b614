"""The contract of an executor, kept by Pyodide workers in a real kernel."""

from __future__ import annotations

import pytest

from tests.support.kernel import Kernel
from tests.support.promises import FACTORY, PROMISES, SOURCES, call


@pytest.fixture(scope="module", autouse=True)
def _contract(kernel: Kernel) -> None:
    for source in SOURCES:
        kernel.run(source)
    kernel.run(FACTORY)


@pytest.mark.parametrize("name", PROMISES)
def test_contract_in_browser(kernel: Kernel, name: str) -> None:
    kernel.run(call(name))
