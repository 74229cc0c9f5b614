"""Pages that may share memory with their workers."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from tests.conftest import ROOT, Pages
from tests.support.kernel import Kernel

#: JupyterLite's kernel takes what `Atomics.waitAsync` answers for a promise in every case. It is
#: none where the wait is over before it begins, and then the kernel waits for ever.
ALWAYS_A_PROMISE = """
const { waitAsync } = Atomics;
Atomics.waitAsync = (...how) => {
  const answer = waitAsync.apply(Atomics, how);
  return answer.async ? answer : { async: true, value: Promise.resolve(answer.value) };
};
"""


def isolated_page(pages: Pages, serve: Callable[..., str], script: str = "") -> Page:
    """A cross-origin isolated page, in which a script runs first."""
    page = pages.open()
    page.add_init_script(ALWAYS_A_PROMISE + script)
    page.goto(f"{serve(ROOT / '_output', isolated=True)}/lab/index.html")
    assert page.evaluate("() => crossOriginIsolated") is True
    return page


def isolated_kernel(pages: Pages, serve: Callable[..., str]) -> Kernel:
    """A kernel on a cross-origin isolated page, which no labextension has told anything."""
    return Kernel(isolated_page(pages, serve))
