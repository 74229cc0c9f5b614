"""The packages of a worker, which are kept the same as the notebook's."""

from __future__ import annotations

import importlib
import importlib.metadata
import io
import os
import re
import shutil
import sys
import zipfile
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import NamedTuple, Protocol

#: Files of packages that the notebook sends. Each package is a zip archive, under its digest.
Bundle = Mapping[str, bytes]


class Provided(NamedTuple):
    """A package of the lock file that has a module."""

    package: str
    version: str
    #: Why a worker cannot load it; empty if it can.
    refused: str = ""


class Loader(Protocol):
    """Loads packages of Pyodide's lock file."""

    def load(self, names: Sequence[str]) -> Awaitable[dict[str, str]]:
        """Load packages and their dependencies.

        Returns:
            The reason why a package could not be loaded, by the names of such packages.
        """

    def load_now(self, name: str) -> str | None:
        """Load a package while a task waits for it; returns the reason if it cannot be loaded."""

    def note_installed(self, name: str) -> None:
        """A package came from the notebook. The lock file's package must not replace it."""

    def note_removed(self, name: str) -> None:
        """A package was removed."""


class EverythingThere:
    """The loader of a worker that has the notebook's own packages: there is nothing to load."""

    async def load(self, names: Sequence[str]) -> dict[str, str]:
        """As `Loader.load`."""
        return {}

    def load_now(self, name: str) -> str | None:
        """As `Loader.load_now`."""
        return None

    def note_installed(self, name: str) -> None:
        """As `Loader.note_installed`."""

    def note_removed(self, name: str) -> None:
        """As `Loader.note_removed`."""


class WorkerPackages:
    """The packages that are installed in a worker."""

    def __init__(self, site_packages: str, loader: Loader) -> None:
        self._folder = site_packages
        self._loader = loader
        #: Names of the packages that were loaded by the lock file.
        self._loaded: set[str] = set()
        #: The packages that came from the notebook: their names and digests.
        self._installed: dict[str, str] = {}
        self._bundles: dict[str, dict[str, bytes]] = {}
        self._on_demand = PackagesOnDemand(loader)
        sys.meta_path.append(self._on_demand)

    def put(self, key: str, bundle: Bundle) -> None:
        """Keep files of packages that surroundings will name."""
        self._bundles[key] = dict(bundle)

    def drop(self, key: str) -> None:
        """Forget files of packages. Installed packages stay."""
        self._bundles.pop(key, None)

    def changed(self, loaded: Sequence[str], installed: Mapping[str, str]) -> str | None:
        """The name of a package that must go but was imported here; None if there is none."""
        for name in self._outdated(loaded, installed):
            if not _tops(name, self._folder).isdisjoint(sys.modules):
                return name
        return None

    def lacks(self, loaded: Sequence[str], installed: Mapping[str, str]) -> bool:
        """Whether a package is missing here, or has another version."""
        return not self._loaded.issuperset(loaded) or bool(
            installed.items() - self._installed.items()
        )

    async def install(
        self,
        loaded: Sequence[str],
        installed: Mapping[str, str],
        provides: Mapping[str, Provided],
    ) -> None:
        """Have exactly these packages.

        Args:
            loaded: packages to load by the lock file.
            installed: packages that came from the notebook: their names and digests.
            provides: packages to load when a task imports one of these modules.
        """
        for name in self._outdated(loaded, installed):
            self._remove(name)
        self._on_demand.use(provides)
        # These come first. If a package that is loaded afterwards depended on one that is missing,
        # it would load the lock file's version.
        for name, digest in installed.items():
            if self._installed.get(name) != digest:
                self._unpack(digest)
                self._installed[name] = digest
                self._loader.note_installed(name)
        missing = [name for name in loaded if name not in self._loaded]
        if missing:
            failed = await self._loader.load(missing)
            self._loaded.update(name for name in missing if name not in failed)
        importlib.invalidate_caches()

    def _outdated(self, loaded: Sequence[str], installed: Mapping[str, str]) -> list[str]:
        """Packages to remove, because the notebook has another version or has them no more."""
        gone = [name for name, digest in self._installed.items() if installed.get(name) != digest]
        # The lock file's version may be here, too: a task may have imported it, or another package
        # may depend on it.
        if new := installed.keys() - self._installed.keys():
            there = {normalize(distribution.name) for distribution in _distributions(self._folder)}
            gone += sorted(new & there)
        return list(dict.fromkeys([*gone, *sorted(self._loaded.difference(loaded))]))

    def _unpack(self, digest: str) -> None:
        for bundle in self._bundles.values():
            if archive := bundle.get(digest):
                with zipfile.ZipFile(io.BytesIO(archive)) as files:
                    files.extractall(self._folder)
                bundle[digest] = b""  # the files alone are kept
                return
        raise ImportError(f"the files of a package ({digest}) did not reach the worker")

    def _remove(self, name: str) -> None:
        """Remove the files of a package, but keep them in its bundle: it may be wanted again."""
        distribution = _distribution(name, self._folder)
        removed = io.BytesIO()
        folders = set()
        with zipfile.ZipFile(removed, "w") as archive:
            for file in (distribution and distribution.files) or ():
                path = os.path.join(self._folder, str(file))
                if os.path.isfile(path) and ".." not in file.parts:
                    archive.write(path, str(file))
                    os.remove(path)
                    folders.add(os.path.dirname(path))
        for folder in sorted(folders, key=len, reverse=True):
            self._remove_empty(folder)
        digest = self._installed.pop(name, None)
        for bundle in self._bundles.values():
            if digest in bundle:
                bundle[digest] = removed.getvalue()
        self._loaded.discard(name)
        self._loader.note_removed(name)

    def _remove_empty(self, folder: str) -> None:
        shutil.rmtree(os.path.join(folder, "__pycache__"), ignore_errors=True)
        while folder != self._folder and os.path.isdir(folder) and not os.listdir(folder):
            os.rmdir(folder)
            folder = os.path.dirname(folder)


class PackagesOnDemand(MetaPathFinder):
    """Loads a package of the lock file when a task imports it.

    The kernel has some packages for itself, such as IPython. They take seconds to load, and few
    tasks need them. Packages that could not be loaded before are tried again here.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._provides: Mapping[str, Provided] = {}

    def use(self, provides: Mapping[str, Provided]) -> None:
        """Load these packages on demand; the keys are the names of their modules."""
        self._provides = provides

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As in `MetaPathFinder`. This finder comes after all others."""
        provided = self._provides.get(name)
        if path is not None or provided is None:
            return None
        package, version, refused = provided
        problem = refused or self._loader.load_now(package)
        if problem is None:
            importlib.invalidate_caches()
            return PathFinder.find_spec(name)
        raise ImportError(
            f"the worker could not load {package} {version}, which the notebook has: {problem}. "
            "Do this step in the notebook, or try again when that has changed.",
            name=name,
        )


def normalize(name: str) -> str:
    """A package's name as lock files spell it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _distribution(name: str, folder: str) -> importlib.metadata.Distribution | None:
    return next((one for one in _distributions(folder) if normalize(one.name) == name), None)


def _distributions(folder: str) -> Iterable[importlib.metadata.Distribution]:
    return importlib.metadata.distributions(path=[folder])


def _tops(name: str, folder: str) -> set[str]:
    """The names of the modules and packages that a task imports to use a package."""
    distribution = _distribution(name, folder)
    firsts = {file.parts[0] for file in (distribution and distribution.files) or ()}
    return {first.partition(".")[0] for first in firsts if not first.endswith("-info")}
