"""Makes a worker's surroundings those of the notebook, before a task that needs them runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import PathFinder
from time import monotonic
from typing import Any, NamedTuple

from ...tracebacks import add_note
from ...wire.payload import decode
from ...wire.protocol import MODULES_PREFIX, PACKAGES_PREFIX
from .modules import SentModule, WorkerModules
from .packages import Loader, Provided, WorkerPackages
from .settings import WorkerSettings

#: Seconds in which no module on the drive is looked at again: it costs as much as a small task.
LOOK_AGAIN = 0.1


#: What stands beside an error where a worker does not have the notebook's folder.
NO_FILES = (
    "workers do not have the notebook's files here: the site has no service worker, or its page "
    "was not heard. Read the file in the notebook and pass what is in it: "
    "pool_map(f, [open(name).read() for name in names]), or executor.put(data) for many tasks. "
    "Return what should be kept; what need not be, `tempfile` has room for."
)

#: How SQLite says that it cannot have a file.
NO_DATABASE = "unable to open database file"


class Surroundings(NamedTuple):
    """What a task finds around it, as the notebook had it when the task was submitted."""

    #: Later surroundings have a higher number.
    edition: int
    #: Packages of Pyodide's lock file, by name.
    packages: Sequence[str]
    #: Digests of packages that were installed otherwise, by name.
    installed: Mapping[str, str]
    #: Where modules of the lock file's packages are.
    provides: Mapping[str, Provided]
    #: The key of the sources of the notebook's own modules.
    modules: str | None
    #: `sys.path`
    path: Sequence[str]
    #: `Settings`, encoded: what is in them may be defined in a module or a package.
    settings: bytes


class WorkerSurroundings:
    """The surroundings that were put on a worker, and those that are in force."""

    def __init__(
        self,
        loader: Loader | None = None,
        site_packages: str = "",
        announce: Callable[[str], None] = lambda phase: None,
        drive: bool = True,
    ) -> None:
        """Without a loader a worker shares the notebook's interpreter: nothing to do.

        Args:
            loader: loads packages of Pyodide's lock file.
            site_packages: the folder for all others.
            announce: told "preparing" and "running" where the first takes its time.
            drive: whether the notebook's files are there.
        """
        #: The key of what is in force.
        self.current: str | None = None
        self._announce = announce
        self._drive = drive
        self._known: dict[str, Surroundings] = {}
        self._sources: dict[str, Mapping[str, SentModule]] = {}
        #: Packages and modules follow the newest surroundings alone: what tasks have imported
        #: cannot be taken back, nor can the notebook go back.
        self._newest = -1
        self._looked_at = float("-inf")
        self._packages: WorkerPackages | None = None
        if loader is None:
            return
        self._packages = WorkerPackages(site_packages, loader)
        self._modules = WorkerModules()
        self._settings = WorkerSettings(drive)
        sys.meta_path.insert(sys.meta_path.index(PathFinder), self._modules)

    def put(self, key: str, value: Any) -> None:
        """Keep surroundings that tasks will name, or a part of such."""
        if key.startswith(PACKAGES_PREFIX):
            if self._packages is not None:
                self._packages.put(key, value)
        elif key.startswith(MODULES_PREFIX):
            self._sources[key] = value
        else:
            self._known[key] = Surroundings(*value)

    def drop(self, key: str) -> None:
        """Forget them."""
        self._known.pop(key, None)
        self._sources.pop(key, None)
        if self._packages is not None:
            self._packages.drop(key)

    def outdated(self, key: str | None) -> str | None:
        """What was imported here and has changed since; a worker with such a thing has to go."""
        if key is None or self._packages is None:
            return None
        wanted = self._known[key]
        if wanted.edition > self._newest:
            name = self._packages.changed(wanted.packages, wanted.installed)
            if name is None and wanted.modules is not None:
                name = self._modules.changed(self._sources[wanted.modules])
            if name is not None:
                return name
        now = monotonic()
        if now - self._looked_at < LOOK_AGAIN:
            return None
        self._looked_at = now
        return self._modules.changed_on_drive()

    async def apply(self, key: str | None) -> None:
        """Put surroundings into force."""
        if key is not None and self._packages is not None:
            wanted = self._known[key]
            if wanted.edition > self._newest:
                await self._install(self._packages, wanted)
            sys.path[:] = wanted.path
            self._settings.apply(decode(wanted.settings))
        self.current = key

    def explain(self, error: BaseException) -> None:
        """Say of a file that cannot be had why that may be."""
        if self._packages is None or self._drive:
            return
        of_sqlite = type(error).__name__ == "OperationalError" and NO_DATABASE in str(error)
        if not of_sqlite and not isinstance(error, FileNotFoundError | PermissionError):
            return
        add_note(error, NO_FILES)

    async def _install(self, packages: WorkerPackages, wanted: Surroundings) -> None:
        works = packages.lacks(wanted.packages, wanted.installed)
        if works:
            self._announce("preparing")
        provides = {name: Provided(*provided) for name, provided in wanted.provides.items()}
        await packages.bring_about(wanted.packages, wanted.installed, provides)
        self._modules.use({} if wanted.modules is None else self._sources[wanted.modules])
        self._newest = wanted.edition
        if works:
            self._announce("running")
