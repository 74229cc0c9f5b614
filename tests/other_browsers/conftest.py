"""One kernel for each of the other two engines, skipped where the browser is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support import firefox, webkit
from tests.support.kernel import CONTROLLED, Kernel


@pytest.fixture(scope="module")
def firefox_page(site: str) -> Iterator[firefox.FirefoxPage]:
    """JupyterLab in a Firefox that the tests of a module share."""
    executable = firefox.find()
    if executable is None:
        pytest.skip(firefox.HOW_TO_GET)
    with firefox.start(executable) as page:
        page.open(f"{site}/lab/index.html")
        yield page


@pytest.fixture(scope="module")
def firefox_kernel(firefox_page: firefox.FirefoxPage) -> Kernel:
    """A kernel in Firefox that the tests of a module share."""
    return Kernel(firefox_page)


@pytest.fixture(scope="module")
def webkit_kernel(site: str) -> Iterator[Kernel]:
    """A kernel in WebKitGTK that the tests of a module share."""
    programs = webkit.find()
    if programs is None:
        pytest.skip(webkit.HOW_TO_GET)
    with ExitStack() as browser:

        def begin() -> Kernel:
            page = browser.enter_context(webkit.start(programs))
            page.open(f"{site}/lab/index.html")
            page.evaluate(CONTROLLED)
            return Kernel(page)

        yield webkit.insist(browser, begin)
