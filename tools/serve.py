"""Serve a built site on this machine.

usage: python tools/serve.py FOLDER [--port N] [--isolated] [--open-on PATH]
"""

from __future__ import annotations

import argparse
import functools
import http.server
import sys
from typing import Any


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 - as its base class has it
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".wasm": "application/wasm",
        ".mjs": "text/javascript",
        ".js": "text/javascript",
    }
    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any, isolated: bool, shared: bool, start: str, **kwargs: Any) -> None:
        self.isolated = isolated
        self.shared = shared
        self.start = start
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        if self.path == "/" and self.start:
            self.send_response(302)
            self.send_header("Location", f"/{self.start}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_GET()

    def end_headers(self) -> None:
        if self.isolated:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        if self.shared:
            self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # A page of a site requests a hundred files at once.
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def make_server(
    folder: str, port: int = 0, isolated: bool = False, shared: bool = False, start: str = ""
) -> Server:
    """A server of a folder, which only this machine can reach.

    Args:
        folder: the folder to serve.
        port: its port; 0 for a free one.
        isolated: make its pages cross-origin isolated.
        shared: let other origins read its files.
        start: the page to which `/` leads.
    """
    handler = functools.partial(
        Handler, directory=folder, isolated=isolated, shared=shared, start=start
    )
    return Server(("127.0.0.1", port), handler)


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve a built site on this machine.")
    parser.add_argument("folder")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument(
        "--isolated", action="store_true", help="make the pages cross-origin isolated"
    )
    parser.add_argument("--open-on", default="", help="the page to which / leads")
    options = parser.parse_args()
    with make_server(
        options.folder, options.port, isolated=options.isolated, start=options.open_on
    ) as server:
        port = server.server_address[1]
        print(f"ready: http://127.0.0.1:{port}/ (end with Ctrl-C)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
