"""The packages of a worker, kept as the notebook has them."""

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

#: Files of packages that were installed in the notebook, each package as a zip archive under its
#: digest.
Bundle = Mapping[str, bytes]


class Provided(NamedTuple):
    """A package of the lock file, where a module is."""

    package: str
    version: str
    #: Why a worker cannot have it; empty where it can.
    refused: str = ""


class Loader(Protocol):
    """Loads packages of Pyodide's lock file."""

    def load(self, names: Sequence[str]) -> Awaitable[dict[str, str]]:
        """Load packages with what they need; returns why some could not be loaded."""

    def load_now(self, name: str) -> str | None:
        """Load one while a task waits for it; returns why that is not possible."""

    def laid_down(self, name: str) -> None:
        """A package came otherwise: that of the lock file must not take its place."""

    def forget(self, name: str) -> None:
        """A package was removed."""


class WorkerPackages:
    """What is installed in a worker."""

    def __init__(self, site_packages: str, loader: Loader) -> None:
        self._folder = site_packages
        self._loader = loader
        #: Packages of the lock file that were loaded.
        self._loaded: set[str] = set()
        #: Digests of the others, by name.
        self._installed: dict[str, str] = {}
        self._bundles: dict[str, dict[str, bytes]] = {}
        self._on_demand = PackagesOnDemand(loader)
        sys.meta_path.append(self._on_demand)

    def put(self, key: str, bundle: Bundle) -> None:
        """Keep files of packages that surroundings will name."""
        self._bundles[key] = dict(bundle)

    def drop(self, key: str) -> None:
        """Forget such files; what is installed stays."""
        self._bundles.pop(key, None)

    def changed(self, loaded: Sequence[str], installed: Mapping[str, str]) -> str | None:
        """The name of a package that was imported here as it is no more."""
        for name in self._superfluous(loaded, installed):
            if not _tops(name, self._folder).isdisjoint(sys.modules):
                return name
        return None

    def lacks(self, loaded: Sequence[str], installed: Mapping[str, str]) -> bool:
        """Whether there is something to load or to lay down."""
        return not self._loaded.issuperset(loaded) or bool(
            installed.items() - self._installed.items()
        )

    async def bring_about(
        self,
        loaded: Sequence[str],
        installed: Mapping[str, str],
        provides: Mapping[str, Provided],
    ) -> None:
        """Have exactly these packages."""
        for name in self._superfluous(loaded, installed):
            self._remove(name)
        self._on_demand.provides = provides
        # First: some of what is loaded then may need them, and would bring those of the lock file.
        for name, digest in installed.items():
            if self._installed.get(name) != digest:
                self._lay_down(digest)
                self._installed[name] = digest
                self._loader.laid_down(name)
        missing = [name for name in loaded if name not in self._loaded]
        if missing:
            failed = await self._loader.load(missing)
            self._loaded.update(name for name in missing if name not in failed)
        importlib.invalidate_caches()

    def _superfluous(self, loaded: Sequence[str], installed: Mapping[str, str]) -> list[str]:
        """What has to go, as a whole or to make room for another version."""
        gone = [name for name, digest in self._installed.items() if installed.get(name) != digest]
        # Those of the lock file that came when a task imported them, or something that needs them.
        if new := installed.keys() - self._installed.keys():
            there = {normalize(distribution.name) for distribution in _distributions(self._folder)}
            gone += sorted(new & there)
        return list(dict.fromkeys([*gone, *sorted(self._loaded.difference(loaded))]))

    def _lay_down(self, digest: str) -> None:
        for bundle in self._bundles.values():
            if archive := bundle.get(digest):
                with zipfile.ZipFile(io.BytesIO(archive)) as files:
                    files.extractall(self._folder)
                bundle[digest] = b""  # kept once, as files
                return
        raise ImportError(f"the files of a package ({digest}) did not reach the worker")

    def _remove(self, name: str) -> None:
        """Remove a package's files; they come back where the notebook comes back to them."""
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
        self._loader.forget(name)

    def _remove_empty(self, folder: str) -> None:
        shutil.rmtree(os.path.join(folder, "__pycache__"), ignore_errors=True)
        while folder != self._folder and os.path.isdir(folder) and not os.listdir(folder):
            os.rmdir(folder)
            folder = os.path.dirname(folder)


class PackagesOnDemand(MetaPathFinder):
    """Loads a package of the lock file when a task imports it.

    These are what the kernel has for itself, such as IPython, which few tasks need and which takes
    seconds to load; and those that could not be loaded before.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self.provides: Mapping[str, Provided] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As every finder; it comes after all others."""
        provided = self.provides.get(name)
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
    """The names under which a package is imported."""
    distribution = _distribution(name, folder)
    firsts = {file.parts[0] for file in (distribution and distribution.files) or ()}
    return {first.partition(".")[0] for first in firsts if not first.endswith("-info")}
