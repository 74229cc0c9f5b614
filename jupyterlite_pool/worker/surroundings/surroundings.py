"""Gives a worker the notebook's surroundings, before a task that needs them runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from ...tracebacks import add_note, causes_of
from ...wire.payload import decode
from ...wire.protocol import MODULES_PREFIX, PACKAGES_PREFIX
from .modules import SentModule, WorkerModules
from .packages import Loader, Provided, WorkerPackages
from .scratch import why_missing
from .settings import WorkerSettings

#: Seconds between two looks at the modules on the drive: a look takes as long as a small task.
LOOK_AGAIN = 0.1

#: The note of an error about a file, if the worker does not have the notebook's files.
NO_FILES = (
    "workers do not have the notebook's files here: the site has no service worker, or its page "
    "did not answer. Read the file in the notebook and pass what is in it: "
    "pool_map(f, [open(name).read() for name in names]), or executor.put(data) for many tasks. "
    "Return what should be kept, and write to files of `tempfile` what need not be kept."
)

#: What to do about a file that only one worker has, or only the notebook.
PASS_ON = (
    "Return from a task what others need and pass it to them as an argument, or write it to a file "
    "in the notebook's folder, which all share."
)

#: The errors of files that are not where a task looks for them.
MISSING = (FileNotFoundError, PermissionError)

#: SQLite's message if it cannot open a file.
NO_DATABASE = "unable to open database file"


class Surroundings(NamedTuple):
    """The surroundings of a task, as the notebook had them when the task was submitted."""

    #: Later surroundings have a higher number.
    edition: int
    #: Names of packages that the worker loads by Pyodide's lock file.
    packages: Sequence[str]
    #: Packages that the notebook sends: their names and digests.
    installed: Mapping[str, str]
    #: The package of the lock file that has a module, by the module's name.
    provides: Mapping[str, Provided]
    #: The key of the sources of the notebook's own modules; None if it has none.
    modules: str | None
    #: `sys.path`
    path: Sequence[str]
    #: `Settings`, encoded, because objects in them may come from a module or a package.
    settings: bytes


class WorkerSurroundings:
    """The surroundings that a worker knows, and those that it has now."""

    def __init__(
        self,
        loader: Loader | None = None,
        site_packages: str = "",
        announce: Callable[[str], None] = lambda phase: None,
        drive: bool = True,
        scratch: str | None = None,
    ) -> None:
        """Describe the worker.

        Args:
            loader: loads packages of Pyodide's lock file. None if the worker shares the notebook's
                interpreter: then it has the notebook's surroundings anyway.
            site_packages: the folder in which packages are installed.
            announce: called with "preparing" before packages are loaded, and then with "running".
            drive: whether the worker has the notebook's files.
            scratch: the worker's own folder for temporary files.
        """
        #: The key of the surroundings that the worker has now.
        self.current: str | None = None
        self._announce = announce
        self._drive = drive
        self._known: dict[str, Surroundings] = {}
        self._sources: dict[str, Mapping[str, SentModule]] = {}
        #: The edition of the packages and modules. They never go back to an earlier one: a worker
        #: cannot undo the imports of its tasks.
        self._newest = -1
        self._looked_at = float("-inf")
        self._packages: WorkerPackages | None = None
        if loader is None:
            return
        self._packages = WorkerPackages(site_packages, loader)
        self._modules = WorkerModules()
        self._settings = WorkerSettings(drive, scratch)
        sys.meta_path.insert(sys.meta_path.index(PathFinder), self._modules)

    def put(self, key: str, value: Any) -> None:
        """Keep surroundings that tasks will name, or a part of them."""
        if key.startswith(PACKAGES_PREFIX):
            if self._packages is not None:
                self._packages.put(key, value)
        elif key.startswith(MODULES_PREFIX):
            self._sources[key] = value
        else:
            self._known[key] = Surroundings(*value)

    def drop(self, key: str) -> None:
        """Forget surroundings, or a part of them."""
        self._known.pop(key, None)
        self._sources.pop(key, None)
        if self._packages is not None:
            self._packages.drop(key)

    def outdated(self, key: str | None) -> str | None:
        """The name of a module or package that was imported here and has changed since.

        Such a worker must be replaced. None if nothing has changed.
        """
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
        """Give the worker these surroundings."""
        if key is not None and self._packages is not None:
            wanted = self._known[key]
            if wanted.edition > self._newest:
                await self._install(self._packages, wanted)
            sys.path[:] = wanted.path
            self._settings.apply(decode(wanted.settings))
        self.current = key

    def explain(self, error: BaseException) -> None:
        """Add a note to an error about a file that this worker does not have."""
        if self._packages is None:
            return
        # It may be the cause of a call that could not be read.
        cause = next((each for each in causes_of(error) if isinstance(each, MISSING)), None)
        why = None if cause is None else _why_missing(cause)
        if why is not None:
            add_note(error, f"{why}. {PASS_ON}")
        elif not self._drive and (isinstance(cause, MISSING) or _is_of_sqlite(error)):
            add_note(error, NO_FILES)

    async def _install(self, packages: WorkerPackages, wanted: Surroundings) -> None:
        works = packages.lacks(wanted.packages, wanted.installed)
        if works:
            self._announce("preparing")
        provides = {name: Provided(*provided) for name, provided in wanted.provides.items()}
        try:
            await packages.install(wanted.packages, wanted.installed, provides)
            self._modules.use({} if wanted.modules is None else self._sources[wanted.modules])
            self._newest = wanted.edition
        finally:
            if works:
                self._announce("running")


def _why_missing(error: BaseException) -> str | None:
    """Why the file that an error names may be missing in this worker."""
    name = getattr(error, "filename", None)
    if not isinstance(name, str | bytes | os.PathLike):
        return None
    try:
        return why_missing(Path(os.path.abspath(os.fsdecode(name))))
    except OSError:  # the folder is gone to which the name is relative
        return None


def _is_of_sqlite(error: BaseException) -> bool:
    return type(error).__name__ == "OperationalError" and NO_DATABASE in str(error)
