"""The files that the pool and its workers are made of."""

from __future__ import annotations

import functools
import importlib.resources
import io
import json
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle
import js
import pyodide_js
from pyodide.ffi import to_js
from pyodide.http import pyfetch

from .js import js_object

#: The labextension's folder on a site, and the name of this package on PyPI.
NAME = "jupyterlite-pool"

#: The built scripts, in the order of `PoolFiles`.
SCRIPTS = ("kernel", "broker", "worker")

#: The folder of this package.
PACKAGE = Path(__file__).parents[2]


class PoolFiles(NamedTuple):
    """The URLs of the built JavaScript."""

    #: The kernel's side of the pool, the pool's broker, and a pool worker.
    kernel: str
    broker: str
    worker: str
    #: A JavaScript object with the URL, the digest and the outline of the site's snapshot; None if
    #: the site has none that fits this kernel.
    snapshot: Any


async def find_files() -> PoolFiles:
    """The site's files if they are of the same version as this package, else the wheel's own."""
    extensions = js.URL.new("../../../", js.location.href).href
    folder = f"{extensions}{NAME}/"
    try:
        response = await pyfetch(f"{folder}pool.json")
        about = json.loads(await response.string()) if response.ok else {}
    except (OSError, ValueError):
        about = {}
    if about.get("version") == version(NAME):
        snapshot = _fitting_snapshot(folder, about.get("snapshot"))
        kernel, broker, worker = (folder + about[name] for name in SCRIPTS)
        return PoolFiles(kernel, broker, worker, snapshot)
    kernel, broker, worker = (_own_file(f"{name}.js") for name in SCRIPTS)
    return PoolFiles(kernel, broker, worker, None)


def _fitting_snapshot(folder: str, about: dict[str, Any] | None) -> Any:
    """The site's snapshot if it was made of the same versions as this kernel."""
    if about is None:
        return None
    here = {"pyodide": pyodide_js.version, "cloudpickle": version("cloudpickle")}
    for name, wanted in here.items():
        if about[name] != wanted:
            js.console.warn(
                f"{NAME}: workers start without the site's snapshot, which is of {name} "
                f"{about[name]}; this kernel has {wanted}"
            )
            return None
    outline = {name: about[name] for name in ("heapSize", "head") if name in about}
    return js_object(url=folder + about["file"], sha256=about["sha256"], **outline)


@functools.cache
def _own_file(name: str) -> str:
    """A file that the wheel carries, as a URL that this kernel alone can read.

    It is the same each time: pools of one URL share the snapshots that they have made.
    """
    text = (importlib.resources.files("jupyterlite_pool") / "static" / name).read_text("utf-8")
    blob = js.Blob.new(to_js([text]), js_object(type="text/javascript"))
    url: str = js.URL.createObjectURL(blob)
    return url


def runtime_files() -> bytes:
    """The Python files of a worker, as a zip archive for its site-packages."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for package in (PACKAGE, Path(cloudpickle.__file__).parent):
            for path in sorted(package.rglob("*.py")):
                archive.write(path, path.relative_to(package.parent).as_posix())
    return out.getvalue()
