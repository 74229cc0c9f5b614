"""What a worker must have before a task: the notebook's packages, modules, folder and settings."""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle

from ._modules import OwnModules
from ._packages import InstalledPackages, Packages
from ._payload import Encoded, encode
from ._protocol import ENVIRONMENT_PREFIX
from .worker.environment import Surroundings
from .worker.settings import Settings, glance, look


class Described(NamedTuple):
    """The notebook's surroundings, for workers."""

    key: str
    #: `Surroundings`
    encoded: Encoded
    #: What they name: a worker must hold it before.
    parts: tuple[tuple[str, Encoded], ...]


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
        self._installed = InstalledPackages(packages, pyodide)
        self._modules = OwnModules()
        self._edition = 0
        self._time: int | None = None
        self._packages = Packages([], {}, {}, [])
        self._own: tuple[str, Encoded] | None = None
        self._state: object = None
        self._described: Described | None = None

    def describe(self) -> Described:
        """The surroundings of a task that is submitted now."""
        state = (self._installed.folder_time(), sys.path[:], *glance())
        if self._described is None or state != self._state or self._modules.changed():
            self._described = self._look(state[0])
            self._state = state
        return self._described

    def _look(self, time: int) -> Described:
        if time != self._time:
            self._packages, self._time = self._installed.look(), time
        if self._described is None or self._modules.changed():
            self._own = self._modules.part()
        self._edition += 1
        surroundings = Surroundings(
            edition=self._edition,
            packages=self._packages.loaded,
            installed=self._packages.installed,
            provides=self._packages.provides,
            modules=None if self._own is None else self._own[0],
            path=sys.path[:],
            settings=_encode_settings(look()),
        )
        encoded = encode(tuple(surroundings))
        digest = hashlib.blake2b(encoded.payload, digest_size=16).hexdigest()
        own = () if self._own is None else (self._own,)
        return Described(ENVIRONMENT_PREFIX + digest, encoded, (*self._packages.bundles, *own))


def _encode_settings(settings: Settings) -> bytes:
    """Settings without those of their parts that cannot travel."""
    fit = [entry for entry in settings.filters if _can_travel(entry)]
    loggers = {
        name: levels._replace(
            handlers=tuple(
                handler if _can_travel(handler.formatter) else handler._replace(formatter=None)
                for handler in levels.handlers
            )
        )
        for name, levels in settings.loggers.items()
    }
    return encode(settings._replace(filters=fit, loggers=loggers)).payload


def _can_travel(obj: object) -> bool:
    try:
        return not encode(obj).buffers
    except Exception:
        return False
