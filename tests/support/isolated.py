"""Pages that may share memory with their workers."""

from __future__ import annotations

from playwright.sync_api import Page

#: JupyterLite's kernel takes what `Atomics.waitAsync` answers for a promise in every case. It is
#: none where the wait is over before it begins, and then the kernel waits for ever.
ALWAYS_A_PROMISE = """
const { waitAsync } = Atomics;
Atomics.waitAsync = (...how) => {
  const answer = waitAsync.apply(Atomics, how);
  return answer.async ? answer : { async: true, value: Promise.resolve(answer.value) };
};
"""


def isolated_page(page: Page, site: str, script: str = "") -> Page:
    """Open a cross-origin isolated site in a page, in which a script runs first."""
    page.add_init_script(ALWAYS_A_PROMISE + script)
    page.goto(f"{site}/lab/index.html")
    assert page.evaluate("() => crossOriginIsolated") is True
    return page
