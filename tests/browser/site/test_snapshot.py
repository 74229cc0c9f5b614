"""Workers that are restored from the site's snapshot, and what happens where they cannot be."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Pages
from tests.support.kernel import UNTIL, Kernel
from tests.support.stored import kept_by_the_pool

START = (
    UNTIL
    + """
from jupyterlite_pool import WorkerPoolExecutor
executor = WorkerPoolExecutor(2)
def draw(seconds):
    import os, random, time, uuid
    time.sleep(seconds)
    return os.getpid(), random.random(), str(uuid.uuid4()), hash("a text")
await until(lambda: len(executor.ready_workers) == 2)
draws = list(executor.map(draw, [0.2] * 6))
restored = [worker.restored for worker in executor._pool.backend._pool.workers]
"""
)


#: The hash in workers that start in the ordinary way, and in those of every snapshot.
HASH = 154889187


def check(draws: list[list[Any]]) -> None:
    pids, numbers, identifiers, hashes = map(set, zip(*draws, strict=True))
    assert (len(pids), len(numbers), len(identifiers)) == (2, len(draws), len(draws))
    assert hashes == {HASH}


def test_workers_are_restored_and_share_hashes_and_no_randomness(kernel: Kernel) -> None:
    kernel.run(START)
    assert kernel.value("restored") == [True, True]
    check(kernel.value("draws"))


@pytest.fixture
def site_copy(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    shutil.copytree(ROOT / "_output", folder)
    return folder / "extensions" / "jupyterlite-pool"


def start_elsewhere(
    pages: Pages,
    serve: Callable[..., str],
    labextension: Path,
    restored: tuple[bool, bool] = (False, True),
) -> list[str]:
    """Start workers on a changed copy of the site; returns what the browser's console says.

    By default, a snapshot is made beside the first worker, in memory alone, for all that follow.
    """
    said: list[str] = []
    page = pages.open()
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{serve(labextension.parents[1])}/lab/index.html")
    kernel = Kernel(page)
    kernel.run(START)
    # The worker whose script runs first is the one beside which it is made.
    assert sorted(kernel.value("restored")) == sorted(restored)
    check(kernel.value("draws"))
    assert kept_by_the_pool(page) == []
    return [text for text in said if text.startswith("jupyterlite-pool: ")]


def test_a_snapshot_that_was_changed_is_not_used(
    pages: Pages, serve: Callable[..., str], site_copy: Path
) -> None:
    snapshot = site_copy / "static" / "snapshot.bin"
    content = bytearray(snapshot.read_bytes())
    content[len(content) // 2] ^= 1
    snapshot.write_bytes(content)
    [warning] = start_elsewhere(pages, serve, site_copy)
    assert "snapshot.bin is not used: its SHA-256 is" in warning


def pin(labextension: Path, **told: object) -> None:
    """Let the site's `pool.json` tell something else of its snapshot, whose digest is right."""
    about = labextension / "pool.json"
    spec = json.loads(about.read_text("utf-8"))
    digest = hashlib.sha256((labextension / "static" / "snapshot.bin").read_bytes()).hexdigest()
    spec["snapshot"].update(sha256=digest, **told)
    about.write_text(json.dumps(spec), "utf-8")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda memory: memory[: len(memory) // 2], "compile"),
        (lambda _: b"\0asm\1\0\0\0", "this is no snapshot of this version"),
        pytest.param(
            lambda memory: struct.pack("<5I", 0x53504C4A, 1, 31_457_280, 144, 0) + memory[47:191],
            "compile",
        ),
    ],
    ids=["a module cut short", "another module", "a snapshot of the version before"],
)
def test_a_file_that_is_no_snapshot_is_not_used_though_its_digest_is_right(
    pages: Pages,
    serve: Callable[..., str],
    site_copy: Path,
    make: Callable[[bytes], bytes],
    reason: str,
) -> None:
    snapshot = site_copy / "static" / "snapshot.bin"
    snapshot.write_bytes(gzip.compress(make(gzip.decompress(snapshot.read_bytes()))))
    pin(site_copy)
    [warning] = start_elsewhere(pages, serve, site_copy)
    assert "snapshot.bin is not used: " in warning
    assert reason in warning


def test_a_snapshot_that_is_not_the_announced_one_is_not_laid_down(
    pages: Pages, serve: Callable[..., str], site_copy: Path
) -> None:
    about = json.loads((site_copy / "pool.json").read_text("utf-8"))
    head = bytearray(base64.b64decode(about["snapshot"]["head"]))
    head[-1] ^= 1
    pin(site_copy, head=base64.b64encode(head).decode())
    warnings = start_elsewhere(pages, serve, site_copy, restored=(False, False))
    assert len(warnings) >= 2
    for warning in warnings:
        assert "it is not the one that was announced" in warning


def test_a_site_that_announces_nothing_of_its_snapshot_restores_workers_from_it(
    pages: Pages, serve: Callable[..., str], site_copy: Path
) -> None:
    about = site_copy / "pool.json"
    spec = json.loads(about.read_text("utf-8"))
    del spec["snapshot"]["heapSize"], spec["snapshot"]["head"]
    about.write_text(json.dumps(spec), "utf-8")
    assert start_elsewhere(pages, serve, site_copy, restored=(True, True)) == []


def test_a_snapshot_of_other_versions_is_not_used(
    pages: Pages, serve: Callable[..., str], site_copy: Path
) -> None:
    about = site_copy / "pool.json"
    spec = json.loads(about.read_text("utf-8"))
    spec["snapshot"]["cloudpickle"] = "0.0.1"
    about.write_text(json.dumps(spec), "utf-8")
    [warning] = start_elsewhere(pages, serve, site_copy)
    assert "cloudpickle 0.0.1" in warning


def test_a_site_without_a_snapshot_has_one_made_beside_its_first_worker(
    pages: Pages, serve: Callable[..., str], site_copy: Path
) -> None:
    about = site_copy / "pool.json"
    spec = json.loads(about.read_text("utf-8"))
    del spec["snapshot"]
    about.write_text(json.dumps(spec), "utf-8")
    assert start_elsewhere(pages, serve, site_copy) == []
