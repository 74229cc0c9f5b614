"""What a worker must have before a task: the notebook's packages, modules, folder and variables."""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import os
import pickle
import re
import sys
import sysconfig
import time
import zipfile
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import cloudpickle

from ._payload import PROTOCOL, Encoded
from ._protocol import ENVIRONMENT_PREFIX
from .worker.environment import Surroundings

#: What the kernel needs for itself. A worker does not, nor what only these depend on: loading it
#: would cost every worker some seconds and a hundred megabytes.
KERNEL_PACKAGES = (
    "comm",
    "ipykernel",
    "ipython",
    "ipywidgets",
    "jedi",
    "jupyterlab-widgets",
    "micropip",
    "piplite",
    "pyodide-kernel",
    "widgetsnbextension",
)

#: What Pyodide notes as the origin of packages that it loaded by its lock file.
_LOCK_CHANNEL = "default channel"

#: Seconds in which no package is installed: asking for the folder's time costs as much as a task.
LOOK_AGAIN = 0.001

#: Sent to every worker before anything else, in `runtime_files`.
_RUNTIME_PACKAGES = ("cloudpickle", "jupyterlite-pool")


def runtime_files() -> bytes:
    """What a worker's Python side is made of, as a zip archive for site-packages."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for package in (Path(__file__).parent, Path(cloudpickle.__file__).parent):
            for path in sorted(package.rglob("*.py")):
                archive.write(path, path.relative_to(package.parent).as_posix())
    return out.getvalue()


class NotebookEnvironment:
    """Describes the notebook's surroundings to its workers; looks closely only if they changed."""

    def __init__(self, packages: Sequence[str], pyodide: Any) -> None:
        """Look around once a task is submitted.

        Args:
            packages: names of packages to load in every worker in any case.
            pyodide: Pyodide's JavaScript module.
        """
        self._extra = tuple(packages)
        self._pyodide = pyodide
        self._site_packages = sysconfig.get_path("purelib")
        self._looked_at = float("-inf")
        self._installed_at = 0
        self._state: object = None
        self._described: tuple[str, Encoded] | None = None

    def describe(self) -> tuple[str, Encoded]:
        """The key and the encoded `Surroundings` of a task that is submitted now."""
        state = (
            self._folder_time(),
            tuple(sys.path),
            os.getcwd(),
            tuple(os.environ._data.items()),  # type: ignore[attr-defined] # decoding costs more
        )
        if self._described is None or state != self._state:
            payload = pickle.dumps(tuple(self._look()), PROTOCOL)
            digest = hashlib.blake2b(payload, digest_size=16).hexdigest()
            self._described = (ENVIRONMENT_PREFIX + digest, Encoded(payload, []))
            self._state = state
        return self._described

    def _folder_time(self) -> int:
        """When a package was last installed or removed: that changes the folder's time."""
        now = time.perf_counter()
        if now - self._looked_at > LOOK_AGAIN:
            self._installed_at = os.stat(self._site_packages).st_mtime_ns
            self._looked_at = now
        return self._installed_at

    def _look(self) -> Surroundings:
        lock = self._pyodide._api.lockfile_packages.to_py()
        depends = {name: package["depends"] for name, package in lock.items()}
        loaded = self._pyodide.loadedPackages.to_py()
        # One that came from elsewhere is another build or version than the lock file's.
        from_lock = {
            name
            for loaded_name, channel in loaded.items()
            if channel == _LOCK_CHANNEL and (name := normalize(loaded_name)) in lock
        }
        distributions = {
            normalize(distribution.name): distribution
            for distribution in importlib.metadata.distributions()
        }
        depends.update(
            (name, _requirements(distribution))
            for name, distribution in distributions.items()
            if name not in from_lock
        )
        kernels = {*KERNEL_PACKAGES, *_RUNTIME_PACKAGES}
        own = _closure(kernels, depends)
        users = (from_lock | distributions.keys()) - own
        # What the user's packages need is theirs, too, but for what is the kernel's business.
        needed = _closure(users, depends, but=kernels)
        from_lock &= needed
        installed = [
            distribution
            for name, distribution in distributions.items()
            if name in needed - from_lock
        ]
        return Surroundings(
            packages=sorted({*from_lock, *self._extra}),
            files=_archive(installed),
            path=list(sys.path),
            cwd=os.getcwd(),
            variables=dict(os.environ),
        )


def normalize(name: str) -> str:
    """A package's name as lock files spell it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements(distribution: importlib.metadata.Distribution) -> list[str]:
    """The names of what an installed package depends on, without its extras."""
    return [
        match[0]
        for requirement in distribution.requires or ()
        if "extra" not in requirement.partition(";")[2]
        and (match := re.match(r"[\w.-]+", requirement))
    ]


def _closure(
    names: Iterable[str], depends: dict[str, Sequence[str]], but: Collection[str] = ()
) -> set[str]:
    """The packages and all that they depend on, but for some and what these depend on."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = normalize(waiting.pop())
        if name not in found and name not in but:
            found.add(name)
            waiting.extend(depends.get(name, ()))
    return found


def _archive(distributions: Iterable[importlib.metadata.Distribution]) -> bytes | None:
    """The files of packages that were installed in the notebook, as a zip archive."""
    out = io.BytesIO()
    empty = True
    with zipfile.ZipFile(out, "w") as archive:
        for distribution in distributions:
            for file in distribution.files or ():
                path = Path(str(distribution.locate_file(file)))
                if ".." in file.parts or file.suffix == ".pyc" or not path.is_file():
                    continue
                archive.write(path, file.as_posix())
                empty = False
    return None if empty else out.getvalue()
