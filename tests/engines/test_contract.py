"""The contract of an executor, kept by the workers of Firefox and WebKitGTK in a real kernel."""

from __future__ import annotations

import pytest

from tests.support.kernel import Kernel
from tests.support.promises import FACTORY, PROMISES, SOURCES, call

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

#: Where Python cannot be paused, only these can be asked for: they await.
AWAITED = [name for name, awaits in PROMISES.items() if awaits]


def prepared(kernel: Kernel) -> Kernel:
    for source in SOURCES:
        kernel.run(source)
    kernel.run(FACTORY)
    return kernel


@pytest.fixture(scope="module")
def in_firefox(firefox_kernel: Kernel) -> Kernel:
    return prepared(firefox_kernel)


@pytest.fixture(scope="module")
def in_webkit(webkit_kernel: Kernel) -> Kernel:
    return prepared(webkit_kernel)


@pytest.mark.parametrize("name", PROMISES)
def test_contract_in_firefox(in_firefox: Kernel, name: str) -> None:
    in_firefox.run(call(name))


@pytest.mark.parametrize("name", AWAITED)
def test_contract_in_webkit(in_webkit: Kernel, name: str) -> None:
    in_webkit.run(call(name))
