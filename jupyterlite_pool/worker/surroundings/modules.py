"""The user's own modules in a worker: it runs the source that the notebook has loaded.

The notebook sends the source of its own modules. Workers import these modules from that source and
not from the drive. So all workers run the same code as the notebook, even if the file has changed
since. Modules that only tasks import come from the drive.

If a module has changed since a worker imported it, the worker must be replaced: other modules,
functions and objects may still refer to the old module.
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

#: The folders of the standard library and of installed packages.
_SHARED = tuple(
    # Pyodide's folders begin with two slashes here, but with one in the names of their files.
    {
        os.path.join(re.sub("^//", "/", sysconfig.get_path(name)), "")
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
    }
    | {entry + os.sep for entry in sys.path if entry.endswith(".zip")}
)


#: Names of folders of installed packages, wherever they are: those of a user, and of Debian.
_INSTALLED = frozenset({"site-packages", "dist-packages"})


class SentModule(NamedTuple):
    """A module as the notebook has it."""

    #: The name of its file; None for a folder without `__init__.py`.
    file: str | None
    source: bytes
    #: The folders of the modules of a package; None if it is no package.
    folders: Sequence[str] | None


def is_own(file: str) -> bool:
    """Whether a file is Python source of the user's own."""
    if not file.endswith(".py") or file.startswith(_SHARED):
        return False
    return _INSTALLED.isdisjoint(re.split(r"[\\/]", file))


class _Loader(SourceFileLoader):
    """Runs a module's source, and remembers it."""

    def __init__(self, name: str, path: str, sent: bytes | None) -> None:
        super().__init__(name, path)
        self._sent = sent
        #: The source that was run.
        self.source: bytes | None = sent
        #: Time and size of the file from which the source was read; None if it was sent.
        self.stamp: tuple[float, int] | None = None

    def exec_module(self, module: ModuleType) -> None:
        if self._sent is not None:  # tracebacks must not show lines of the file, which may be newer
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
        # Without the time of the source, Python neither reads nor writes a compiled file.
        if self._sent is None:
            self.stamp = _stamp(path)
        raise OSError


class WorkerModules(MetaPathFinder):
    """Finds the user's own modules."""

    def __init__(self) -> None:
        self._sent: Mapping[str, SentModule] = {}
        #: Names of modules that were found on the drive.
        self._found: set[str] = set()

    def use(self, modules: Mapping[str, SentModule]) -> None:
        """Import these modules of the notebook from their sources from now on."""
        self._sent = {name: SentModule(*module) for name, module in modules.items()}

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As in `MetaPathFinder`."""
        sent = self._sent.get(name)
        if sent is None:
            found = PathFinder.find_spec(name, path, target)
            # Modules in archives and compiled modules need their own loaders.
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
        """The name of one of these modules that was imported here with another source."""
        for name, (_, source, _) in modules.items():
            loader = _loader(name)
            if loader is not None and loader.source is not None and loader.source != source:
                return name
        return None

    def changed_on_drive(self) -> str | None:
        """The name of a module that was imported from the drive, and whose file has changed."""
        for name in sorted(self._found):
            loader = _loader(name)
            if loader is None or loader.stamp is None or name in self._sent:
                continue
            if _stamp(loader.path) != loader.stamp:
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
    """The time and the size of a file; None if there is no such file."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_mtime, about.st_size
