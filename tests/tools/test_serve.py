"""The server of a built site."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from serve import make_server


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "index.html").write_text("the lab", "utf-8")
    (tmp_path / "a.wasm").write_bytes(b"\0asm")
    with make_server(str(tmp_path), isolated=True, start="lab/index.html?path=a.ipynb") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_the_root_leads_to_the_page_to_start_on(url: str) -> None:
    with urllib.request.urlopen(f"{url}/") as answer:
        assert answer.url == f"{url}/lab/index.html?path=a.ipynb"
        assert answer.read() == b"the lab"


def test_files_have_the_types_and_headers_that_browsers_ask_for(url: str) -> None:
    with urllib.request.urlopen(f"{url}/a.wasm") as answer:
        assert answer.headers["Content-Type"] == "application/wasm"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
