"""What the labextension does in the page."""

from __future__ import annotations

from tests.conftest import Pages


def test_the_pools_files_are_fetched_while_the_page_loads(pages: Pages, site: str) -> None:
    page = pages.open()
    with page.expect_response(lambda response: response.url.endswith("/worker.js")) as worker:
        page.goto(f"{site}/lab/index.html")
    assert worker.value.url == f"{site}/extensions/jupyterlite-pool/static/worker.js"
    assert worker.value.ok
    # Nothing has asked for a kernel, let alone for a pool.
    assert page.locator('link[rel="prefetch"]').count() == 2
