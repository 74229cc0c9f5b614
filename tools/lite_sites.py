"""Build sites with earlier releases of JupyterLite, once. Nothing of ours is on them.

The packages of each site come from PyPI. Its Pyodide is the core from npm, but for the oldest. What
a release has compiled is only on its CDN, so such packages are missing then.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from releases import FOLDER, UnavailableError, core, keep, strangers_site


class Recipe(NamedTuple):
    """What a site is made of."""

    #: The release of Pyodide whose core it has; else it has the Pyodide of the strangers' site.
    core: str | None
    #: The kernel, which is made for that release and no other.
    kernel: str


#: By the release of JupyterLite. Of those that are made for Pyodide 0.28, none is final.
RECIPES = {
    "0.6.4": Recipe(None, "jupyterlite-pyodide-kernel==0.6.1"),
    "0.7.0a7": Recipe("0.28.3", "jupyterlite-pyodide-kernel==0.7.0a3"),
    "0.7.6": Recipe("0.29.5", "jupyterlite-pyodide-kernel==0.7.2"),
}

#: What else builds a site, and the labextension of ipywidgets, which `jupyter lite build` copies.
BUILDERS = (
    "doit==0.37.0",
    "jupyter_core==5.9.1",
    "jupyterlab_widgets==3.0.17",
    "pkginfo==2.0",
    "platformdirs==4.14.8",
    "traitlets==5.16.1",
)

#: What a kernel starts with, and cloudpickle, by the names in the core's lock file.
STARTS_WITH = ("cloudpickle", "ipython", "jedi", "micropip")

#: What a kernel asks for, too, but is compiled. The lock file names it, so that the kernel goes on
#: when it does not get it.
COMPILED = ("sqlite3", "ssl")

#: What a notebook finds by its name, beside the packages in the lock file.
ON_SITE = ("comm==0.2.3", "ipywidgets==8.1.9", "jupyterlab_widgets==3.0.17")

LOCK_FILE = "pyodide-lock.json"
KERNEL_PLUGIN = "@jupyterlite/pyodide-kernel-extension:kernel"

Lock = dict[str, Any]


def lite_site(lite: str) -> Path:
    """The folder of a site: `lite`, and `pyodide` that it expects beside.

    Args:
        lite: the release of JupyterLite, one of `RECIPES`.

    Raises:
        UnavailableError: something that it needs could not be downloaded; the message says what.
    """
    wanted = json.dumps([RECIPES[lite], BUILDERS, STARTS_WITH, COMPILED, ON_SITE])
    mark = hashlib.sha256(wanted.encode()).hexdigest()[:12]
    kept = FOLDER / f"jupyterlite-{lite}-{mark}"
    if not kept.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
            made = Path(scratch) / "made"
            made.mkdir()
            released = RECIPES[lite].core
            if released is None:
                (made / "pyodide").symlink_to(strangers_site() / "pyodide")
            else:
                _bring_pyodide(core(released), made / "pyodide")
            _build(f"jupyterlite-core=={lite}", RECIPES[lite].kernel, Path(scratch))
            (Path(scratch) / "site").rename(made / "lite")
            keep(made, kept)
    return kept


def _bring_pyodide(released: Path, folder: Path) -> None:
    """Make a folder of a core with the packages that a kernel starts with."""
    folder.mkdir()
    for path in released.iterdir():
        (folder / path.name).symlink_to(path)
    lock: Lock = json.loads((released / LOCK_FILE).read_text("utf-8"))
    pure = _pure(lock)
    requirements = [f"{package['name']}=={package['version']}" for package in pure.values()]
    _download(requirements, folder, lock["info"]["python"].rpartition(".")[0])
    for wheel in folder.glob("*.whl"):
        package = pure[_key(wheel.name.partition("-")[0])]
        package["file_name"] = wheel.name
        package["sha256"] = hashlib.sha256(wheel.read_bytes()).hexdigest()
    packages = {**pure, **{name: lock["packages"][name] for name in COMPILED}}
    for package in packages.values():
        package["depends"] = [name for name in package["depends"] if _key(name) in packages]
    (folder / LOCK_FILE).unlink()
    text = json.dumps({"info": lock["info"], "packages": packages}, indent=2)
    (folder / LOCK_FILE).write_text(text, "utf-8")


def _pure(lock: Lock) -> dict[str, Any]:
    """The entries of what a kernel starts with, and of what that needs, without compiled ones."""
    found: dict[str, Any] = {}
    names = list(STARTS_WITH)
    while names:
        name = _key(names.pop())
        package = lock["packages"][name]
        # On the way to matplotlib there is nothing that a kernel starts with.
        if name not in found and package["file_name"].endswith("-none-any.whl"):
            found[name] = package
            names += package["depends"]
    return found


def _key(name: str) -> str:
    return name.lower().replace("_", "-")


def _build(lite: str, kernel: str, scratch: Path) -> None:
    """Build `site` in a folder with JupyterLite, in an environment of its own."""
    environment, source = scratch / "environment", scratch / "source"
    _run(sys.executable, "-m", "venv", str(environment))
    python = str(environment / ("Scripts" if os.name == "nt" else "bin") / "python")
    _run(python, "-m", "pip", "install", "--quiet", "--no-deps", lite, kernel, *BUILDERS)
    (source / "pypi").mkdir(parents=True)
    _download(ON_SITE, source / "pypi", "3.12")
    settings = {"pyodideUrl": "/pyodide/pyodide.js", "disablePyPIFallback": True}
    config = {"exposeAppInBrowser": True, "litePluginSettings": {KERNEL_PLUGIN: settings}}
    spec = {"jupyter-lite-schema-version": 0, "jupyter-config-data": config}
    (source / "jupyter-lite.json").write_text(json.dumps(spec), "utf-8")
    options = ("--output-dir", str(scratch / "site"), "--apps", "lab", "--no-sourcemaps")
    _run(python, "-m", "jupyterlite_core", "build", *options, folder=source)


def _download(requirements: Iterable[str], folder: Path, python: str) -> None:
    """Download the wheels that a Python of this release installs."""
    options = ("--only-binary", ":all:", "--python-version", python, "--dest", str(folder))
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps")
    _run(*pip, *options, *requirements)


def _run(*command: str, folder: Path | None = None) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip())[-500:]
        raise UnavailableError(f"{' '.join(command[1:])}: {words}")


if __name__ == "__main__":
    for lite in RECIPES:
        print(lite_site(lite))
