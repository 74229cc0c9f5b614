"""Makes a worker's surroundings those of the notebook, before a task that needs them runs."""

from __future__ import annotations

import importlib
import io
import os
import sys
import zipfile
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple


class Surroundings(NamedTuple):
    """What a task finds around it, as the notebook had it when the task was submitted."""

    #: Packages of Pyodide's lock file, by name.
    packages: Sequence[str]
    #: Files of packages that were installed otherwise: a zip archive for site-packages, or None.
    files: bytes | None
    #: `sys.path`
    path: Sequence[str]
    #: Working directory.
    cwd: str
    #: `os.environ`
    variables: dict[str, str]


class Environment:
    """The surroundings that were put on a worker, and the one that is in force."""

    def __init__(
        self,
        load_packages: Callable[[Sequence[str]], Awaitable[object]] | None = None,
        site_packages: str | None = None,
    ) -> None:
        """A worker without `load_packages` shares the notebook's interpreter: nothing to do."""
        #: The key of what is in force.
        self.current: str | None = None
        self._load_packages = load_packages
        self._site_packages = site_packages
        self._known: dict[str, Surroundings] = {}
        self._loaded: set[str] = set()

    def put(self, key: str, surroundings: Surroundings) -> None:
        """Keep surroundings that tasks will name."""
        self._known[key] = Surroundings(*surroundings)

    def drop(self, key: str) -> None:
        """Forget surroundings."""
        self._known.pop(key, None)

    async def apply(self, key: str | None) -> None:
        """Put surroundings into force. Raises where a package cannot be had."""
        if key is not None and self._load_packages is not None:
            await self._bring_about(self._known[key])
        self.current = key

    async def _bring_about(self, wanted: Surroundings) -> None:
        assert self._load_packages is not None
        missing = [name for name in wanted.packages if name not in self._loaded]
        if missing:
            await self._load_packages(missing)
            self._loaded.update(missing)
        if wanted.files is not None and self._site_packages is not None:
            with zipfile.ZipFile(io.BytesIO(wanted.files)) as archive:
                archive.extractall(self._site_packages)
        importlib.invalidate_caches()
        own = [folder for folder in sys.path if folder not in wanted.path]
        sys.path[:] = [*wanted.path, *own]
        if os.path.isdir(wanted.cwd):
            os.chdir(wanted.cwd)
        for name in os.environ.keys() - wanted.variables.keys():
            del os.environ[name]
        os.environ.update(wanted.variables)
