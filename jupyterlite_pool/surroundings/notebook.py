"""What a worker must have before a task: the notebook's packages, modules, folder and settings."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from ..wire.payload import Encoded, encode
from ..wire.protocol import SURROUNDINGS_PREFIX
from ..worker.surroundings.settings import (
    Settings,
    fingerprint,
    levels_changed,
    logging_fingerprint,
    read_settings,
)
from ..worker.surroundings.surroundings import Surroundings
from .modules import NotebookModules
from .packages import NotebookPackages, Packages

#: Seconds in which no package is installed and no logger gets a handler: asking costs as much as a
#: task.
LOOK_AGAIN = 0.001


class SentSurroundings(NamedTuple):
    """The notebook's surroundings, for workers."""

    key: str
    #: `Surroundings`
    encoded: Encoded
    #: What they name: a worker must hold it before.
    parts: tuple[tuple[str, Encoded], ...]


class NotebookSurroundings:
    """Describes the notebook's surroundings to its workers; looks closely only if they changed."""

    def __init__(self, packages: Sequence[str], pyodide: Any) -> None:
        """Look around once a task is submitted.

        Args:
            packages: names of packages to load in every worker in any case.
            pyodide: Pyodide's JavaScript module.
        """
        self._installed = NotebookPackages(packages, pyodide)
        self._modules = NotebookModules()
        self._edition = 0
        self._installed_at: int | None = None
        self._looked_at = float("-inf")
        #: When a package was last installed, and what logging was told.
        self._slow: tuple[int, object] = (0, None)
        self._packages = Packages([], {}, {}, [])
        self._own: tuple[str, Encoded] | None = None
        self._state: object = None
        self._described: SentSurroundings | None = None

    def current(self) -> SentSurroundings:
        """The surroundings of a task that is submitted now."""
        now = time.perf_counter()
        if now - self._looked_at > LOOK_AGAIN or levels_changed():
            self._slow = (self._installed.folder_time(), logging_fingerprint())
            self._looked_at = now
        state = (self._slow, sys.path[:], *fingerprint())
        if self._described is None or state != self._state or self._modules.changed():
            self._described = self._describe(self._slow[0])
            self._state = state
        return self._described

    def _describe(self, installed_at: int) -> SentSurroundings:
        if installed_at != self._installed_at:
            self._packages, self._installed_at = self._installed.read(), installed_at
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
            settings=_encode_settings(read_settings(), self._kernels()),
        )
        encoded = encode(tuple(surroundings))
        digest = hashlib.blake2b(encoded.payload, digest_size=16).hexdigest()
        own = () if self._own is None else (self._own,)
        return SentSurroundings(
            SURROUNDINGS_PREFIX + digest, encoded, (*self._packages.bundles, *own)
        )

    def _kernels(self) -> set[str]:
        """The modules that the kernel has for itself."""
        loaded, provides = self._packages.loaded, self._packages.provides
        return {module for module, known in provides.items() if known.package not in loaded}


def _encode_settings(settings: Settings, kernels: Collection[str]) -> bytes:
    """Settings without those of their parts that cannot travel.

    Args:
        kernels: modules of the kernel alone; what is of them would be loaded in every worker.
    """

    def can_travel(obj: object) -> bool:
        kind = obj if isinstance(obj, type) else type(obj)
        if kind.__module__.partition(".")[0] in kernels:
            return False
        try:
            encode(obj, apart=False)
        except Exception:
            return False
        return True

    loggers = {
        name: levels._replace(
            handlers=tuple(handler for handler in levels.handlers if can_travel(handler.formatter))
        )
        for name, levels in settings.loggers.items()
    }
    filters = [entry for entry in settings.filters if all(map(can_travel, entry))]
    return encode(settings._replace(filters=filters, loggers=loggers), apart=False).payload
