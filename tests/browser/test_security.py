"""What a strict policy allows, and what others on the origin can do."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page
from serve import Handler, Server

from tests.conftest import ROOT, Pages
from tests.support.kernel import Kernel

#: As strict as a page of our own can be, but for the right to compile WebAssembly.
STRICT = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'"

#: As strict as JupyterLab lets it be, which makes its forms by `eval`: no other origin, no `blob:`.
LAB = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; worker-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:"
)

#: A page's own pool, by the site's own files.
RUN = """async site => {
  const folder = `${site}/extensions/jupyterlite-pool`;
  const about = await (await fetch(`${folder}/pool.json`)).json();
  const { PyodidePool } = await import(`${folder}/${about.pool}`);
  const pool = new PyodidePool(`${folder}/${about.worker}`, 1);
  const { file, sha256 } = about.snapshot;
  await pool.init({
    pyodideUrl: `${site}/static/pyodide/pyodide.mjs`,
    snapshot: { url: `${folder}/${file}`, sha256 }
  });
  const value = await pool.run('6 * 7');
  const restored = pool.workers[0].restored;
  pool.terminate();
  return [value, restored];
}"""


@contextmanager
def served_under(policy: str) -> Iterator[str]:
    """The site, with a policy on all that is served."""

    class Under(Handler):
        def end_headers(self) -> None:
            self.send_header("Content-Security-Policy", policy)
            super().end_headers()

    folder = str(ROOT / "_output")
    handler = functools.partial(Under, directory=folder, isolated=False, shared=False, start="")
    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def complaints(page: Page) -> list[str]:
    """What the browser says of the policy from now on."""
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if "Content Security" in m.text else None)
    return said


def test_a_page_under_a_strict_policy_has_a_pool(pages: Pages) -> None:
    with served_under(STRICT) as site:
        page = pages.open(f"{site}/jupyter-lite.json")
        said = complaints(page)
        assert page.evaluate(RUN, site) == [42, True]
        assert said == []


def test_a_kernel_needs_no_right_that_jupyterlab_does_not_need(pages: Pages) -> None:
    with served_under(LAB) as site:
        page = pages.open()
        said = complaints(page)
        page.goto(f"{site}/lab/index.html")
        kernel = Kernel(page)
        kernel.run("from jupyterlite_pool import pool_map\ngot = list(pool_map(abs, [-1, -2]))")
        assert kernel.value("got") == [1, 2]
        assert said == []


def test_nothing_is_kept_in_the_browser(pages: Pages, site: str) -> None:
    page = pages.open(f"{site}/lab/index.html")
    stored = """async () => ({
      caches: (await Promise.all((await caches.keys()).map(async name =>
        (await (await caches.open(name)).keys()).map(request => request.url)))).flat(),
      local: Object.keys(localStorage),
      databases: (await indexedDB.databases()).map(({ name }) => name)
    })"""
    kernel = Kernel(page)
    kernel.run(
        "from jupyterlite_pool import WorkerPoolExecutor\n"
        "executor = WorkerPoolExecutor(2)\nassert await executor.submit(abs, -1) == 1"
    )
    kept = page.evaluate(stored)
    assert [url for url in kept["caches"] if "jupyterlite-pool" in url or "snapshot" in url] == []
    assert [key for key in kept["local"] if "pool" in key.lower()] == []
    assert [name for name in kept["databases"] if "pool" in name.lower()] == []


def test_what_others_post_on_the_origin_reaches_no_task(
    kernel: Kernel, serve: Callable[..., str]
) -> None:
    # Names of locks are all that another script of the origin can find of a pool.
    kernel.run(
        "from jupyterlite_pool import WorkerPoolExecutor\n"
        "executor = WorkerPoolExecutor(1)\nassert await executor.submit(abs, -1) == 1"
    )
    found = kernel.page.evaluate(
        "async () => (await navigator.locks.query()).held.map(({ name }) => name)"
    )
    certificates = [name for name in found if name.startswith("jupyterlite-pool:")]
    random_names = [name for name in certificates if "slot" not in name]
    assert random_names
    assert all(len(name.partition(":")[2]) == 32 for name in random_names)
    kernel.page.evaluate(
        """names => names.forEach(name => new BroadcastChannel(name).postMessage(
            { kind: 'result', batch: 0, payload: new Uint8Array(), buffers: [], next: 0,
              done: true, memory: 0 }))""",
        certificates,
    )
    assert kernel.value("[await executor.submit(abs, -i) for i in range(3)]") == [0, 1, 2]
