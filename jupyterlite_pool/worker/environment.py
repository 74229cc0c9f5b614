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
    #: Folders to search for modules, after the worker's own.
    path: Sequence[str]
    #: Working directory; None to leave it.
    cwd: str | None
    #: Environment variables that differ from a fresh interpreter's.
    variables: dict[str, str]


class Environment:
    """The worker's side of `Surroundings`: applied once, and only what changed."""

    def __init__(
        self,
        load_packages: Callable[[Sequence[str]], Awaitable[object]] | None = None,
        site_packages: str | None = None,
    ) -> None:
        """A worker without `load_packages` shares the notebook's interpreter: nothing to do."""
        self._load_packages = load_packages
        self._site_packages = site_packages
        self._loaded: set[str] = set()
        self._variables: set[str] = set()
        self._expected: Surroundings | None = None

    def expect(self, surroundings: Surroundings) -> None:
        """Take note of what the next batch needs."""
        self._expected = Surroundings(*surroundings)

    async def prepare(self) -> None:
        """Bring about what is expected. Raises where a package cannot be had."""
        expected, self._expected = self._expected, None
        if expected is None or self._load_packages is None:
            return
        missing = [name for name in expected.packages if name not in self._loaded]
        if missing:
            await self._load_packages(missing)
            self._loaded.update(missing)
        if expected.files is not None and self._site_packages is not None:
            with zipfile.ZipFile(io.BytesIO(expected.files)) as archive:
                archive.extractall(self._site_packages)
        importlib.invalidate_caches()
        sys.path.extend(folder for folder in expected.path if folder not in sys.path)
        if expected.cwd is not None and os.path.isdir(expected.cwd):
            os.chdir(expected.cwd)
        for name in self._variables - expected.variables.keys():
            os.environ.pop(name, None)
        os.environ.update(expected.variables)
        self._variables = set(expected.variables)
