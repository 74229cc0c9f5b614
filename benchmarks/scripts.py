"""JavaScript of this folder made ready for a page: npm's packages, bundles, a server."""

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

#: Seconds that npm may take to bring its packages.
NPM = 120

#: The packages of the labextension, which `make site` has brought.
OWN_MODULES = HERE.parent / "labextension" / "node_modules"


@functools.cache
def npm_packages() -> Path:
    """The folder of what the pool is measured beside, as npm's lock file of this folder has it."""
    folder = BUILD / "bench-npm"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder)
    environment = node_environment()
    npm = shutil.which("npm", path=environment["PATH"])
    if npm is None:
        raise RuntimeError("there is no npm")
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
        raise RuntimeError(f"npm could not bring its packages: {done.stderr.strip()}")
    return folder / "node_modules"


def bundle(folder: Path, scripts: Sequence[Path], modules: Sequence[Path] = ()) -> None:
    """Lay down scripts in a folder, with what they import, as the pool's own are built."""
    environment = node_environment()
    environment["NODE_PATH"] = ":".join(map(str, [OWN_MODULES, *modules]))
    esbuild = shutil.which("esbuild", path=str(OWN_MODULES / ".bin"))
    if esbuild is None:
        raise RuntimeError("there is no esbuild: run `make site`")
    options = ["--bundle", "--format=esm", "--target=es2022", "--minify", "--log-level=warning"]
    # Named by what runs in Node as well, and never asked for in a page.
    options += [f"--external:{name}" for name in ("child_process", "os", "worker_threads")]
    entries = list(map(str, scripts))
    subprocess.run([esbuild, *entries, *options, f"--outdir={folder}"], env=environment, check=True)


def write_page(folder: Path, script: str) -> str:
    """Write an empty page with one script; its name."""
    name = f"{script.removesuffix('.js')}.html"
    (folder / name).write_text(
        f'<!doctype html><meta charset="utf-8"><title>{script}</title>'
        f'<link rel="icon" href="data:,"><script type="module" src="{script}"></script>',
        "utf-8",
    )
    return name


def link_site(folder: Path, site: Path) -> None:
    """Put the site's Pyodide and pool beside what is in a folder."""
    for name in ("static", "extensions"):
        (folder / name).symlink_to((site / name).resolve(), target_is_directory=True)


@contextlib.contextmanager
def empty_site(site: Path, isolated: bool = False) -> Iterator[str]:
    """Serve `empty.html`, beside the site's Pyodide and pool; gives the URL of their folder."""
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
def served(folder: Path, isolated: bool = False) -> Iterator[str]:
    """Serve a folder; gives its URL. A page that is isolated has a clock with steps of 5 µs."""
    with make_server(str(folder), isolated=isolated) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
