"""A site some of whose files are not what they should be."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serve import Handler, Server


def _garble(content: bytes) -> bytes:
    """Some bytes at the start, in the middle and at the end are others."""
    changed = bytearray(content)
    for start in (8, len(changed) // 2, max(0, len(changed) - 72)):
        for place in range(start, min(start + 64, len(changed))):
            changed[place] ^= 0xA5
    return bytes(changed)


#: What can have become of a file.
RUINS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "another page": lambda content: b"<!doctype html><title>Sign in</title>",
    "garbled": _garble,
}

#: It is not there, or its request is never answered, or once the test lets it be.
MISSING, SILENT, LATE = "missing", "silent", "late"


class Site:
    """A site that is served, and what has become of its files."""

    def __init__(self) -> None:
        self.url = ""
        #: What has become of files, by the end of their paths.
        self.ruined: dict[str, str] = {}
        self.asked: list[str] = []
        self.over = threading.Event()
        #: Set when what is late may come.
        self.arrived = threading.Event()

    def ruin_of(self, path: str) -> str | None:
        """What has become of a file; None where it is as it should be."""
        self.asked.append(path)
        plain = path.partition("?")[0]
        return next((ruin for end, ruin in self.ruined.items() if plain.endswith(end)), None)


class _Handler(Handler):
    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        self.site = site
        super().__init__(*args, isolated=False, shared=False, start="", **kwargs)

    def do_GET(self) -> None:  # noqa: N802 - as its base class has it
        ruin = self.site.ruin_of(self.path)
        if ruin is None:
            super().do_GET()
        elif ruin == MISSING:
            self.send_error(404)
        elif ruin == SILENT:
            self.site.over.wait()
        elif ruin == LATE:
            self.site.arrived.wait()
            super().do_GET()
        else:
            path = Path(self.translate_path(self.path))
            content = RUINS[ruin](path.read_bytes())
            self.send_response(200)
            kind = "text/html" if ruin == "another page" else self.guess_type(str(path))
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)


@contextmanager
def ruined_site(folder: Path) -> Iterator[Site]:
    """Serve a folder whose files can be ruined."""
    site = Site()
    handler = functools.partial(_Handler, site=site, directory=str(folder))
    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield site
        site.over.set()
        site.arrived.set()
        server.shutdown()
