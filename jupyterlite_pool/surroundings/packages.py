"""The packages of a notebook: which of them workers load, and which are sent to workers."""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import os
import pickle
import re
import sysconfig
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ..wire.payload import PROTOCOL, Encoded
from ..wire.protocol import PACKAGES_PREFIX
from ..worker.surroundings.packages import Provided, normalize

#: Packages that the kernel needs for itself. Workers need neither them nor packages that only they
#: depend on: each worker would take some seconds and a hundred megabytes to load them. A worker
#: loads them when a task imports them.
KERNEL_PACKAGES = (
    "comm",
    "ipykernel",
    "ipython",
    "ipywidgets",
    "jedi",
    "jupyterlab-widgets",
    "micropip",
    "piplite",
    "pyodide-kernel",
    "widgetsnbextension",
)

#: Pyodide's word for the origin of packages that it loaded by its lock file.
_LOCK_CHANNEL = "default channel"

#: Pyodide writes the origin of a package into a file of this name, and this origin if it loaded the
#: package by its lock file.
_SOURCE_FILE, _LOCK_SOURCE = "PYODIDE_SOURCE", "pyodide"

#: Why workers cannot have the notebook's version of one of the kernel's own packages.
_REFUSED = "the kernel itself is made of it, and workers have no other version than the site's"

#: Packages are sent in bundles. Each bundle has the packages that were installed after the one
#: before. When there are this many bundles, all packages go into one.
MAX_BUNDLES = 8

#: Packages that every worker gets when it starts.
RUNTIME_PACKAGES = ("cloudpickle", "jupyterlite-pool")

#: Packages that are never sent, even if the user's packages depend on them.
_NOT_SENT = frozenset({*KERNEL_PACKAGES, *RUNTIME_PACKAGES})


class Packages(NamedTuple):
    """The packages of a notebook at one moment."""

    #: Names of packages that workers load by the lock file.
    loaded: list[str]
    #: Packages that are sent to workers: their names and digests.
    installed: dict[str, str]
    #: The packages of the lock file that the kernel has, by the names of their modules.
    provides: dict[str, Provided]
    #: The files of the packages that are sent, in bundles under their keys.
    bundles: list[tuple[str, Encoded]]


class PackageSource(Protocol):
    """Knows the packages that workers need."""

    def folder_time(self) -> int:
        """A number that changes when a package is installed or removed."""

    def read(self) -> Packages:
        """The packages of now."""


class SamePackages:
    """The packages of a notebook whose workers have the same ones: there is nothing to tell."""

    def folder_time(self) -> int:
        """As `PackageSource.folder_time`."""
        return 0

    def read(self) -> Packages:
        """As `PackageSource.read`."""
        return Packages([], {}, {}, [])


class NotebookPackages:
    """Reads which packages the notebook has, and bundles the files of those that are sent."""

    def __init__(self, extra: Sequence[str], pyodide: Any) -> None:
        """Read nothing yet.

        Args:
            extra: names of packages that every worker loads.
            pyodide: Pyodide's JavaScript module.
        """
        self._extra = tuple(extra)
        self._pyodide = pyodide
        self._folder = sysconfig.get_path("purelib")
        #: The bundles by their keys, and the digests of the packages in each.
        self._bundles: dict[str, tuple[Encoded, frozenset[str]]] = {}

    def folder_time(self) -> int:
        """The time of the folder of packages. It changes when one is installed or removed."""
        return os.stat(self._folder).st_mtime_ns

    def read(self) -> Packages:
        """The packages that the notebook has now."""
        lock = self._pyodide._api.lockfile_packages.to_py()
        # If a package was installed over another version of it, the later one counts.
        distributions = {
            normalize(distribution.name): distribution
            for distribution in importlib.metadata.distributions()
            if distribution.name  # what is left of a package that was removed may have none
        }
        # These are other versions or builds than those of the lock file.
        replaced = {
            name
            for name, distribution in distributions.items()
            if name in lock and _is_from_elsewhere(distribution)
        }
        from_lock = self._loaded_by(lock) - replaced
        depends = {name: package["depends"] for name, package in lock.items()}
        depends.update(
            (name, _requirements(distribution))
            for name, distribution in distributions.items()
            if name not in from_lock
        )
        needed = _needed_by_user(from_lock | distributions.keys(), replaced, depends)
        to_send = needed - from_lock
        sent = {
            _digest(distribution): distribution
            for name, distribution in distributions.items()
            if name in to_send
        }
        self._bundle(sent)
        provides = {
            module: Provided(name, lock[name]["version"])
            for name in from_lock
            for module in lock[name]["imports"]
        }
        provides.update(
            (module, Provided(name, distributions[name].version, _REFUSED))
            for name in replaced.intersection(_NOT_SENT)
            for module in lock[name]["imports"]
        )
        return Packages(
            loaded=sorted({*(from_lock & needed), *self._extra}),
            installed={normalize(sent[digest].name): digest for digest in sent},
            provides=provides,
            bundles=[(key, encoded) for key, (encoded, _) in self._bundles.items()],
        )

    def _loaded_by(self, lock: Mapping[str, Any]) -> set[str]:
        """The packages that Pyodide has loaded by its lock file."""
        loaded = self._pyodide.loadedPackages.to_py()
        return {
            name
            for loaded_name, channel in loaded.items()
            if channel == _LOCK_CHANNEL and (name := normalize(loaded_name)) in lock
        }

    def _bundle(self, sent: Mapping[str, importlib.metadata.Distribution]) -> None:
        """Make a bundle of packages that are in none yet; drop bundles that are not needed."""
        self._bundles = {
            key: (encoded, digests)
            for key, (encoded, digests) in self._bundles.items()
            if not digests.isdisjoint(sent)
        }
        if len(self._bundles) >= MAX_BUNDLES:
            self._bundles.clear()
        known: set[str] = set().union(*(digests for _, digests in self._bundles.values()))
        new = [digest for digest in sent if digest not in known]
        if new:
            payload = pickle.dumps({digest: _archive(sent[digest]) for digest in new}, PROTOCOL)
            name = hashlib.blake2b("".join(new).encode(), digest_size=16).hexdigest()
            self._bundles[PACKAGES_PREFIX + name] = Encoded(payload, []), frozenset(new)


def _needed_by_user(
    present: set[str], replaced: set[str], depends: Mapping[str, Sequence[str]]
) -> set[str]:
    """The packages of the user and their dependencies, except the kernel's own packages.

    A package is the user's if the kernel does not need it, or if the user has replaced it.

    Args:
        present: names of all packages that the notebook has.
        replaced: names of those that were installed in place of the lock file's.
        depends: the dependencies of each package.
    """
    users = (present - _closure(_NOT_SENT, depends)) | replaced
    return _closure(users, depends, without=_NOT_SENT)


def _is_from_elsewhere(distribution: importlib.metadata.Distribution) -> bool:
    """Whether a package has come from an index, a URL or a file, as far as is known."""
    source = distribution.read_text(_SOURCE_FILE)
    return source is not None and source.strip() != _LOCK_SOURCE


def _requirements(distribution: importlib.metadata.Distribution) -> list[str]:
    """The names of the dependencies of a package, without those of its extras."""
    return [
        match[0]
        for requirement in distribution.requires or ()
        if "extra" not in requirement.partition(";")[2]
        and (match := re.match(r"[\w.-]+", requirement))
    ]


def _closure(
    names: Iterable[str], depends: Mapping[str, Sequence[str]], without: Collection[str] = ()
) -> set[str]:
    """These packages and all their dependencies. Packages in `without` are left out."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = normalize(waiting.pop())
        if name not in found and name not in without:
            found.add(name)
            waiting.extend(depends.get(name, ()))
    return found


def _digest(distribution: importlib.metadata.Distribution) -> str:
    """A digest of a package, which differs between two builds of it."""
    # The record lists the files with their digests.
    about = "\0".join(
        (distribution.name, distribution.version, distribution.read_text("RECORD") or "")
    )
    # Some records have no digests. Then the time tells that the package was installed again.
    metadata = distribution.locate_file(
        f"{distribution.name.replace('-', '_')}-{distribution.version}.dist-info"
    )
    try:
        about += f"\0{os.stat(str(metadata)).st_mtime_ns}"
    except OSError:
        pass
    return hashlib.blake2b(about.encode(), digest_size=16).hexdigest()


def _archive(distribution: importlib.metadata.Distribution) -> bytes:
    """The files of a package as a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for file in distribution.files or ():
            path = Path(str(distribution.locate_file(file)))
            if ".." in file.parts or file.suffix == ".pyc" or not path.is_file():
                continue
            archive.write(path, file.as_posix())
    return out.getvalue()
