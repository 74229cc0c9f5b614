"""Prepares the JavaScript of this folder for a page: npm's packages, bundles, a server."""

from __future__ import annotations

import contextlib
import functools
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from node import node_environment
from serve import make_server

from .stage import BUILD, HERE

#: Seconds that npm may take to install its packages.
NPM = 120

#: The packages of the labextension, which `make site` has installed.
OWN_MODULES = HERE.parent / "labextension" / "node_modules"


@functools.cache
def npm_packages() -> Path:
    """Install the packages that the pool is compared with, by the lock file here; their folder."""
    folder = BUILD / "bench-npm"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder)
    environment = node_environment()
    npm = shutil.which("npm", path=environment["PATH"])
    if npm is None:
        raise RuntimeError("there is no npm: install Node, or run `make site`")
    done = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder,
        env=environment,
        timeout=NPM,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"npm could not install its packages: {done.stderr.strip()}")
    return folder / "node_modules"


def bundle(folder: Path, scripts: Sequence[Path], modules: Sequence[Path] = ()) -> None:
    """Bundle scripts with their imports into a folder, as the pool's own scripts are built."""
    environment = node_environment()
    environment["NODE_PATH"] = ":".join(map(str, [OWN_MODULES, *modules]))
    esbuild = shutil.which("esbuild", path=str(OWN_MODULES / ".bin"))
    if esbuild is None:
        raise RuntimeError("there is no esbuild: run `make site`")
    options = ["--bundle", "--format=esm", "--target=es2022", "--minify", "--log-level=warning"]
    # Packages that also run in Node name these modules, but a page never imports them.
    options += [f"--external:{name}" for name in ("child_process", "os", "worker_threads")]
    entries = list(map(str, scripts))
    subprocess.run([esbuild, *entries, *options, f"--outdir={folder}"], env=environment, check=True)


def write_page(folder: Path, script: str) -> str:
    """Write an empty page with one script; the name of the page."""
    name = f"{script.removesuffix('.js')}.html"
    (folder / name).write_text(
        f'<!doctype html><meta charset="utf-8"><title>{script}</title>'
        f'<link rel="icon" href="data:,"><script type="module" src="{script}"></script>',
        "utf-8",
    )
    return name


def link_site(folder: Path, site: Path) -> None:
    """Link the site's Pyodide and pool into a folder."""
    for name in ("static", "extensions"):
        (folder / name).symlink_to((site / name).resolve(), target_is_directory=True)


@contextlib.contextmanager
def empty_site(site: Path, isolated: bool = False) -> Iterator[str]:
    """Serve `empty.html` beside the site's Pyodide and pool; the URL of the folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        link_site(folder, site)
        (folder / "empty.html").write_text(
            '<!doctype html><meta charset="utf-8"><title>empty</title>'
            '<link rel="icon" href="data:,">',
            "utf-8",
        )
        with served(folder, isolated) as url:
            yield url


@contextlib.contextmanager
def served(folder: Path, isolated: bool = False, shared: bool = False) -> Iterator[str]:
    """Serve a folder; its URL. The clock of an isolated page has steps of 5 µs.

    Args:
        shared: whether pages of other servers may fetch what is in it.
    """
    with make_server(str(folder), isolated=isolated, shared=shared) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
