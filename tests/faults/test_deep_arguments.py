"""Deeply nested arguments, which a notebook's own Python has to pickle, with a pool or without."""

from __future__ import annotations

import pytest

from tests.conftest import Pages
from tests.support.kernel import Kernel
from tests.support.stock import page_of

NEST = """
import pickle
from jupyterlite_pool import WorkerPoolExecutor

def nest(depth):
    nested = []
    for _ in range(depth):
        nested = [nested]
    return nested

def measure(nested):
    depth = 0
    while nested:
        [nested] = nested
        depth += 1
    return depth

async def call(function, argument):
    with WorkerPoolExecutor(1) as executor:
        return await executor.submit(function, argument)
"""

ALONE = "pickle.dumps(nest({depth}))"
WITH_A_POOL = "await call(measure, nest({depth}))"


@pytest.fixture(scope="module")
def ending(module_pages: Pages, site: str) -> Kernel:
    """A kernel whose Python ends in each of its tests, and starts again."""
    return Kernel(module_pages.open(f"{site}/lab/index.html"))


@pytest.mark.parametrize("depth", [10**2, 10**3])
def test_a_thousand_levels_arrive(kernel: Kernel, depth: int) -> None:
    kernel.run(NEST)
    assert kernel.value(f"await call(measure, nest({depth}))") == depth
    assert kernel.value(f"measure(await call(nest, {depth}))") == depth


@pytest.mark.parametrize("code", [ALONE, WITH_A_POOL], ids=["alone", "with a pool"])
@pytest.mark.parametrize("depth", [10**4, 10**5])
def test_ten_thousand_levels_end_the_notebooks_python_with_a_pool_or_without(
    ending: Kernel, code: str, depth: int
) -> None:
    kernel, page = ending, page_of(ending)
    kernel.run(NEST)
    with page.expect_console_message(lambda message: "fatal error" in message.text):
        kernel.start(code.format(depth=depth))
    page.evaluate("() => window.poolTest.session.kernel.restart()")
    assert kernel.value("'nest' in globals()") is False
    kernel.run(NEST)
    assert kernel.value("await call(measure, nest(10))") == 10
