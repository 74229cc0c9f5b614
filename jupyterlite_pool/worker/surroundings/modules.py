"""Modules beside the notebook: a worker runs the source that the notebook has loaded.

The notebook sends the source of its own modules, and workers import these from there, not from the
drive: so all workers run what the notebook runs, whatever has been written to the file since. What
only tasks import comes from the drive as ever. A module that has changed since a worker imported it
makes the worker outdated: other modules, functions and objects may hold on to the old one.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import decode_source, spec_from_file_location
from types import ModuleType
from typing import NamedTuple

#: Where modules are nobody's own: the standard library and installed packages.
_SHARED = tuple(
    # Pyodide's begin with two slashes, but not the names of files that are found there.
    {
        os.path.join(re.sub("^//", "/", sysconfig.get_path(name)), "")
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
    }
    | {entry + os.sep for entry in sys.path if entry.endswith(".zip")}
)


class SentModule(NamedTuple):
    """A module as the notebook has it."""

    #: None for a folder without `__init__.py`.
    file: str | None
    source: bytes
    #: Where a package looks for its modules; None for what is no package.
    folders: Sequence[str] | None


def is_own(file: str) -> bool:
    """Whether a file is the user's own source."""
    return file.endswith(".py") and not file.startswith(_SHARED)


class _Loader(SourceFileLoader):
    """Runs a module's source, and remembers which."""

    def __init__(self, name: str, path: str, sent: bytes | None) -> None:
        super().__init__(name, path)
        self._sent = sent
        #: What was run.
        self.source: bytes | None = sent
        #: Time and size of the file that it was read from.
        self.read: tuple[float, int] | None = None

    def exec_module(self, module: ModuleType) -> None:
        if self._sent is not None:  # tracebacks must not look into the file, which may be newer
            lines = decode_source(self._sent).splitlines(keepends=True)
            linecache.cache[self.path] = (len(self._sent), None, lines, self.path)
        super().exec_module(module)

    def get_data(self, path: str) -> bytes:
        if path != self.path:
            return super().get_data(path)
        if self._sent is None:
            self.source = super().get_data(path)
            return self.source
        return self._sent

    def path_stats(self, path: str) -> Mapping[str, float]:
        # With no time there is no compiled file to look for, nor to write.
        if self._sent is None:
            self.read = _stamp(path)
        raise OSError


class WorkerModules(MetaPathFinder):
    """Finds the user's own modules."""

    def __init__(self) -> None:
        self._sent: Mapping[str, SentModule] = {}
        #: Names of what was found on the drive.
        self._found: set[str] = set()

    def use(self, modules: Mapping[str, SentModule]) -> None:
        """What the notebook has now."""
        self._sent = {name: SentModule(*module) for name, module in modules.items()}

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As every finder."""
        sent = self._sent.get(name)
        if sent is None:
            found = PathFinder.find_spec(name, path, target)
            # What is in an archive or compiled has a loader that knows how to read it.
            if found is None or not isinstance(found.loader, SourceFileLoader):
                return found
            if found.origin is None or not is_own(found.origin):
                return found
            self._found.add(name)
            folders = found.submodule_search_locations
            return _spec(name, found.origin, None, folders)
        if sent.file is None:
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = list(sent.folders or ())
            return spec
        return _spec(name, sent.file, sent.source, sent.folders)

    def changed(self, modules: Mapping[str, SentModule]) -> str | None:
        """The name of a module that was imported here as it is no more."""
        for name, (_, source, _) in modules.items():
            loader = _loader(name)
            if loader is not None and loader.source is not None and loader.source != source:
                return name
        return None

    def changed_on_drive(self) -> str | None:
        """The same, of what only tasks have imported."""
        for name in sorted(self._found):
            loader = _loader(name)
            if loader is None or loader.read is None or name in self._sent:
                continue
            if _stamp(loader.path) != loader.read:
                return name
        return None


def _loader(name: str) -> _Loader | None:
    spec = getattr(sys.modules.get(name), "__spec__", None)
    loader = getattr(spec, "loader", None)
    return loader if isinstance(loader, _Loader) else None


def _spec(
    name: str, file: str, sent: bytes | None, folders: Sequence[str] | None
) -> ModuleSpec | None:
    return spec_from_file_location(
        name,
        file,
        loader=_Loader(name, file, sent),
        submodule_search_locations=None if folders is None else list(folders),
    )


def _stamp(path: str) -> tuple[float, int] | None:
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_mtime, about.st_size
