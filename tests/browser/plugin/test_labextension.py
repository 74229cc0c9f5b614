"""What the labextension does in the page."""

from __future__ import annotations

from tests.conftest import Pages
from tests.support.door import DOOR
from tests.support.kernel import Kernel


def test_the_pools_files_are_fetched_while_the_page_loads(pages: Pages, site: str) -> None:
    page = pages.open()
    with page.expect_response(lambda response: response.url.endswith("/worker.js")) as worker:
        page.goto(f"{site}/lab/index.html")
    assert worker.value.url == f"{site}/extensions/jupyterlite-pool/static/worker.js"
    assert worker.value.ok
    # Nothing has asked for a kernel, let alone for a pool.
    assert page.locator('link[rel="prefetch"]').count() == 4


def test_the_snapshot_that_workers_are_restored_from_was_fetched_by_the_page(
    pages: Pages, site: str
) -> None:
    page = pages.open()
    with page.expect_response(lambda response: response.url.endswith("/snapshot.bin")) as ahead:
        page.goto(f"{site}/lab/index.html")
    assert ahead.value.ok
    ahead.value.finished()
    kernel = Kernel(page)
    kernel.run(
        DOOR + "from jupyterlite_pool import WorkerPoolExecutor\n"
        "executor = WorkerPoolExecutor(1)\n"
        "assert await executor.submit(abs, -1) == 1\n"
        "entries = await in_broker(executor, 'performance.getEntriesByType(\"resource\")')\n"
        "[entry] = [e for e in entries if e['name'].endswith('/snapshot.bin')]"
    )
    assert kernel.value("entry['decodedBodySize']") > 1_000_000
    assert kernel.value("entry['transferSize']") == 0  # out of the browser's cache
