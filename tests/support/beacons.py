"""Signs of life: whoever is there asks for a name, again and again."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: Source of `beat(url, name, count=None)`, for a kernel: a task that computes between its signs of
#: life, for ever or this many times.
BEAT = """
def beat(url, name, count=None):
    import itertools, js, time
    for i in itertools.count() if count is None else range(count):
        request = js.XMLHttpRequest.new()
        request.open("GET", f"{url}/{name}", False)
        request.send()
        until = time.monotonic() + 0.02
        while time.monotonic() < until:
            pass
    return name
"""


class Beacons:
    """Who was heard of, how often and when last."""

    def __init__(self) -> None:
        self.url = ""
        self.last: dict[str, float] = {}
        self.count: dict[str, int] = {}

    def hear(self, name: str) -> None:
        """A sign of life has come."""
        self.last[name] = time.monotonic()
        self.count[name] = self.count.get(name, 0) + 1

    def wait_heard(self, *names: str, times: int = 3, seconds: float = 60) -> None:
        """Wait until all of them were heard of so often from now on."""
        before = {name: self.count.get(name, 0) for name in names}
        _wait(
            lambda: all(self.count.get(name, 0) >= before[name] + times for name in names),
            seconds,
            f"not heard of: {names}",
        )

    def wait_first(self, name: str, seconds: float = 60) -> None:
        """Wait until it was heard of at all."""
        _wait(lambda: name in self.count, seconds, f"never heard of: {name}")

    def wait_more(self, prefix: str, seconds: float = 60) -> None:
        """Wait until any of those whose names begin like this is heard of from now on."""
        before = sum(self.of(prefix).values())
        _wait(lambda: sum(self.of(prefix).values()) > before, seconds, f"not heard of: {prefix}")

    def of(self, prefix: str) -> dict[str, int]:
        """How often those were heard of whose names begin like this."""
        return {name: count for name, count in list(self.count.items()) if name.startswith(prefix)}

    def wait_silence(self, *names: str, of: float = 1.0, seconds: float = 60) -> float:
        """Wait until none was heard of for a while; the instant of the last sign of life."""
        _wait(
            lambda: time.monotonic() - max(self.last[name] for name in names) > of,
            seconds,
            f"still heard of: {names}",
        )
        return max(self.last[name] for name in names)


def _wait(condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.01)


@contextmanager
def listening() -> Iterator[Beacons]:
    """Listen for signs of life."""
    beacons = Beacons()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            beacons.hear(self.path.strip("/"))
            self.send_response(204)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        beacons.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield beacons
        server.shutdown()
