"""One kernel for each of the other two engines, skipped where the browser is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from tests.support import firefox, webkit
from tests.support.kernel import Kernel

#: Resolves when the site's service worker, which serves the notebook's files, has the page.
CONTROLLED = """async () => {
  const { serviceWorker } = navigator;
  await serviceWorker.ready;
  if (!serviceWorker.controller) {
    await new Promise(resolve =>
      serviceWorker.addEventListener('controllerchange', resolve, { once: true })
    );
  }
}"""


#: Firefox's threads sometimes wait for each other for good while nested workers start or end: it
#: is started again, and where that is of no help, nothing can be said of what was to be tested.
FIREFOX_STARTS = 3
FROZEN = "Firefox froze, as it sometimes does with nested workers"

#: One start of WebKitGTK in thirty ends before there is a kernel: a script of the page fails to
#: load, or the page never answers. What never starts is an error of the test.
WEBKIT_STARTS = 3

USE_THE_POOL = """
from jupyterlite_pool import get_reusable_executor, pool_map
get_reusable_executor(2)
assert list(pool_map(abs, [-1, -2])) == [1, 2]
"""


class Freezing:
    """A page of a browser that may freeze: a test that it does not answer has no outcome."""

    def __init__(self, page: firefox.FirefoxPage) -> None:
        self._page = page

    def evaluate(self, function: str, argument: Any = None, /) -> Any:
        try:
            return self._page.evaluate(function, argument)
        except firefox.FrozenError:
            pytest.xfail(FROZEN)


@pytest.fixture(scope="module")
def firefox_kernel(site: str) -> Iterator[Kernel]:
    """A kernel in Firefox that the tests of a module share."""
    executable = firefox.find()
    if executable is None:
        pytest.skip(firefox.HOW_TO_GET)
    for _ in range(FIREFOX_STARTS):
        try:
            with firefox.start(executable) as page:
                page.open(f"{site}/lab/index.html")
                kernel = Kernel(page)
                kernel.run(USE_THE_POOL)
                kernel.page = Freezing(page)
                yield kernel
                return
        except firefox.FrozenError:
            continue
    pytest.xfail(FROZEN)


@pytest.fixture(scope="module")
def webkit_kernel(site: str) -> Iterator[Kernel]:
    """A kernel in WebKitGTK that the tests of a module share."""
    programs = webkit.find()
    if programs is None:
        pytest.skip(webkit.HOW_TO_GET)
    with ExitStack() as browser:
        for starts_left in reversed(range(WEBKIT_STARTS)):
            try:
                page = browser.enter_context(webkit.start(programs))
                page.open(f"{site}/lab/index.html")
                # Only if the service worker had a page from its start do its workers reach it, too.
                page.evaluate(CONTROLLED)
                page.open(f"{site}/lab/index.html")
                kernel = Kernel(page)
                break
            except RuntimeError:
                if not starts_left:
                    raise
                with suppress(RuntimeError):  # it may not answer now, either
                    browser.close()
        yield kernel
