"""The surroundings of a task: the notebook's packages, its own modules, its folder and settings."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Collection
from typing import NamedTuple

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
from .packages import Packages, PackageSource

#: Seconds between two looks at the folder of packages and the handlers of loggers. A look takes as
#: long as a small task.
LOOK_AGAIN = 0.001


class SentSurroundings(NamedTuple):
    """Surroundings as they are sent to workers."""

    key: str
    #: The encoded `worker.surroundings.surroundings.Surroundings`.
    encoded: Encoded
    #: The objects that these surroundings name, with their keys. A worker must hold them before.
    parts: tuple[tuple[str, Encoded], ...]


class NotebookSurroundings:
    """Describes the notebook's surroundings to its workers.

    A quick look tells whether anything may have changed. Only then it looks closely.
    """

    def __init__(self, packages: PackageSource) -> None:
        """Describe nothing yet.

        Args:
            packages: knows the packages that workers need.
        """
        self._installed = packages
        self._modules = NotebookModules()
        self._edition = 0
        #: When a package had last been installed, at the last close look.
        self._installed_at: int | None = None
        self._looked_at = float("-inf")
        #: The parts of the fingerprint that take long: when a package was last installed, and the
        #: settings of `logging`.
        self._slow: tuple[int, object] = (0, None)
        self._packages = Packages([], {}, {}, [])
        #: The sources of the notebook's own modules, under a key; None if it has none.
        self._own: tuple[str, Encoded] | None = None
        self._fingerprint: object = None
        self._described: SentSurroundings | None = None

    def current(self) -> SentSurroundings:
        """The surroundings of a task that is submitted now."""
        now = time.perf_counter()
        if now - self._looked_at > LOOK_AGAIN or levels_changed():
            self._slow = (self._installed.folder_time(), logging_fingerprint())
            self._looked_at = now
        state = (self._slow, sys.path[:], *fingerprint())
        if self._described is None or state != self._fingerprint or self._modules.changed():
            self._described = self._describe(self._slow[0])
            self._fingerprint = state
        return self._described

    def _describe(self, installed_at: int) -> SentSurroundings:
        if installed_at != self._installed_at:
            self._packages, self._installed_at = self._installed.read(), installed_at
        if self._described is None or self._modules.changed():
            self._own = self._modules.sources()
        self._edition += 1
        surroundings = Surroundings(
            edition=self._edition,
            packages=self._packages.loaded,
            installed=self._packages.installed,
            provides=self._packages.provides,
            modules=None if self._own is None else self._own[0],
            path=sys.path[:],
            settings=_encode_settings(read_settings(), self._kernel_modules()),
        )
        encoded = encode(tuple(surroundings))
        digest = hashlib.blake2b(encoded.payload, digest_size=16).hexdigest()
        own = () if self._own is None else (self._own,)
        return SentSurroundings(
            SURROUNDINGS_PREFIX + digest, encoded, (*self._packages.bundles, *own)
        )

    def _kernel_modules(self) -> set[str]:
        """The modules of packages that only the kernel has."""
        loaded, provides = self._packages.loaded, self._packages.provides
        return {module for module, known in provides.items() if known.package not in loaded}


def _encode_settings(settings: Settings, kernel_modules: Collection[str]) -> bytes:
    """Encode settings, without warning filters and formatters that cannot be sent.

    Args:
        kernel_modules: modules that only the kernel has. Objects of these modules are not sent,
            because every worker would load the modules to read them.
    """

    def can_be_sent(obj: object) -> bool:
        kind = obj if isinstance(obj, type) else type(obj)
        if kind.__module__.partition(".")[0] in kernel_modules:
            return False
        try:
            encode(obj, apart=False)
        except Exception:
            return False
        return True

    loggers = {
        name: levels._replace(
            handlers=tuple(handler for handler in levels.handlers if can_be_sent(handler.formatter))
        )
        for name, levels in settings.loggers.items()
    }
    filters = [entry for entry in settings.filters if all(map(can_be_sent, entry))]
    return encode(settings._replace(filters=filters, loggers=loggers), apart=False).payload
