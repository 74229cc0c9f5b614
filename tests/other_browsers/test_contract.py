"""The contract of an executor, kept by the workers of Firefox in a real kernel."""

from __future__ import annotations

import pytest

from tests.support.kernel import Kernel
from tests.support.promises import FACTORY, PROMISES, SOURCES, call

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def kernel(firefox_kernel: Kernel) -> Kernel:
    for source in SOURCES:
        firefox_kernel.run(source)
    firefox_kernel.run(FACTORY)
    return firefox_kernel


@pytest.mark.parametrize("name", PROMISES)
def test_contract_in_firefox(kernel: Kernel, name: str) -> None:
    kernel.run(call(name))
