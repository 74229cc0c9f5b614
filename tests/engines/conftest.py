"""One kernel for each of the other two engines, skipped where the browser is not installed."""

from __future__ import annotations

from collections.abc import Iterator

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
    with webkit.start(programs) as page:
        page.open(f"{site}/lab/index.html")
        # Only a page that the service worker had from its start has workers that reach it, too.
        page.evaluate(CONTROLLED)
        page.open(f"{site}/lab/index.html")
        yield Kernel(page)
