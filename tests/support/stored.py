"""What a page's origin keeps in the browser, beyond the browser's own HTTP cache."""

from __future__ import annotations

from playwright.sync_api import Page

STORED = """async () => {
  const files = async (folder, path) => {
    const found = [];
    for await (const [name, handle] of folder.entries()) {
      const own = `${path}/${name}`;
      found.push(...(handle.kind === 'directory' ? await files(handle, own) : [own]));
    }
    return found;
  };
  const cached = async name =>
    (await (await caches.open(name)).keys()).map(request => `${name}: ${request.url}`);
  const workers = await navigator.serviceWorker.getRegistrations();
  return {
    caches: (await Promise.all((await caches.keys()).map(cached))).flat(),
    local: Object.keys(localStorage),
    session: Object.keys(sessionStorage),
    databases: (await indexedDB.databases()).map(({ name }) => name),
    files: await files(await navigator.storage.getDirectory(), ''),
    'service workers': workers.map(({ active }) => active?.scriptURL ?? '')
  };
}"""

#: What the names of all that the pool could keep have in them.
OURS = ("pool", "snapshot", "pyodide")


def kept_by_the_pool(page: Page) -> list[str]:
    """Names of all that is stored and may be the pool's."""
    stored: dict[str, list[str]] = page.evaluate(STORED)
    return [
        f"{where}: {name}"
        for where, names in stored.items()
        for name in names
        if where == "files" or any(word in name.lower() for word in OURS)
    ]
