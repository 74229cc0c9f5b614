"""Print how large a built site is, and how much of it a visitor's browser loads.

usage: python tools/site_size.py [FOLDER]

Opens a new notebook in a new profile, waits until its workers are ready, and adds up the files that
the browser has requested until then: as they are, and as a server sends that compresses with gzip.
"""

from __future__ import annotations

import functools
import gzip
import re
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from browser import bring
from playwright.sync_api import sync_playwright
from serve import Handler, Server

#: What servers compress; wheels, archives, fonts and the snapshot are compressed already.
COMPRESSED = {".css", ".html", ".js", ".json", ".map", ".mjs", ".svg", ".txt", ".wasm"}

POOL = "extensions/jupyterlite-pool/"

#: The status item, when all workers of the pool are ready.
READY = re.compile(r"Pool (\d+)/\1\b")

MILLISECONDS = 120_000


class Counting(Handler):
    """Notes which files it sends."""

    def __init__(self, *args: Any, requested: set[str], **kwargs: Any) -> None:
        self.requested = requested
        super().__init__(*args, isolated=False, shared=False, start="", **kwargs)

    def translate_path(self, path: str) -> str:
        self.requested.add(urlsplit(path).path.lstrip("/"))
        return super().translate_path(path)


def visit(folder: Path) -> set[str]:
    """The files that a browser requests until a kernel and its workers are ready."""
    requested: set[str] = set()
    handler = functools.partial(Counting, directory=str(folder), requested=requested)
    with Server(("127.0.0.1", 0), handler) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=bring(), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_address[1]}/lab/index.html")
        card = page.locator('.jp-LauncherCard[data-category="Notebook"]')
        card.first.click(timeout=MILLISECONDS)
        page.get_by_text(READY).first.wait_for(timeout=MILLISECONDS)
        browser.close()
        server.shutdown()
    return requested


def size(files: list[Path]) -> tuple[int, int]:
    """The bytes of files, and their bytes on the way from a server that compresses."""
    plain = [file.read_bytes() for file in files]
    sent = [
        gzip.compress(data, 6) if file.suffix in COMPRESSED else data
        for file, data in zip(files, plain, strict=True)
    ]
    return sum(map(len, plain)), sum(map(len, sent))


def report(folder: Path, requested: set[str]) -> list[str]:
    """The rows of the table, in MB."""
    everything = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    names = {file: file.relative_to(folder).as_posix() for file in everything}
    loaded = [file for file in everything if names[file] in requested]
    rows = {
        "a whole site": everything,
        "without source maps": [file for file in everything if file.suffix != ".map"],
        "loaded": loaded,
        "of it, by the pool": [file for file in loaded if names[file].startswith(POOL)],
    }
    sizes = {what: size(files) for what, files in rows.items()}
    return [
        f"{what}: {on_disk / 1e6:.1f} MB, compressed {sent / 1e6:.1f} MB"
        for what, (on_disk, sent) in sizes.items()
    ]


if __name__ == "__main__":
    site = Path(sys.argv[1] if len(sys.argv) > 1 else "_output")
    print(*report(site, visit(site)), sep="\n")
