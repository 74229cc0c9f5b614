"""One kernel for each of the other two engines, skipped where the browser is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress

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


#: One start of WebKitGTK in thirty ends before there is a kernel: a script of the page fails to
#: load, or the page never answers. What never starts is an error of the test.
WEBKIT_STARTS = 3


@pytest.fixture(scope="module")
def firefox_kernel(site: str) -> Iterator[Kernel]:
    """A kernel in Firefox that the tests of a module share."""
    executable = firefox.find()
    if executable is None:
        pytest.skip(firefox.HOW_TO_GET)
    with firefox.start(executable) as page:
        page.open(f"{site}/lab/index.html")
        yield Kernel(page)


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
