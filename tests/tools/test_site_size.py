"""How large a site is, and what of it a visitor loads."""

from __future__ import annotations

from pathlib import Path

import pytest
from site_size import report, size


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sizes = {
        "lab/index.js": 3_000_000,
        "lab/index.js.map": 5_000_000,
        "edit/never.js": 1_000_000,
        "extensions/jupyterlite-pool/static/snapshot.bin": 2_000_000,
    }
    for name, length in sizes.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(length))
    return tmp_path


def test_the_report_tells_what_lies_there_from_what_is_loaded(folder: Path) -> None:
    requested = {"lab/index.js", "extensions/jupyterlite-pool/static/snapshot.bin", "favicon.ico"}
    assert report(folder, requested) == [
        "a whole site: 11.0 MB, compressed 2.0 MB",
        "without source maps: 6.0 MB, compressed 2.0 MB",
        "loaded: 5.0 MB, compressed 2.0 MB",
        "of it, by the pool: 2.0 MB, compressed 2.0 MB",
    ]


def test_what_servers_compress_counts_compressed(folder: Path) -> None:
    plain, sent = size([folder / "lab" / "index.js"])
    assert plain == 3_000_000
    assert sent < plain / 100
