"""The packages that a notebook has: which of them its workers load, and which they are sent."""

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
from typing import Any, NamedTuple

from ..wire.payload import PROTOCOL, Encoded
from ..wire.protocol import PACKAGES_PREFIX
from ..worker.surroundings.packages import Provided, normalize

#: What the kernel needs for itself. A worker does not, nor what only these depend on: loading it
#: would cost every worker some seconds and a hundred megabytes. It loads them when a task asks.
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

#: What Pyodide notes as the origin of packages that it loaded by its lock file.
_LOCK_CHANNEL = "default channel"

#: What it notes beside such a package, in a file of this name.
_LOCK_SOURCE, _SOURCE_FILE = "pyodide", "PYODIDE_SOURCE"

#: Why workers do not have one of the kernel's own packages.
_REFUSED = "the kernel itself is made of it, and workers have no other version than the site's"

#: Files travel in bundles, each with what came since the one before; so many are made one.
MAX_BUNDLES = 8

#: Sent to every worker before anything else.
RUNTIME_PACKAGES = ("cloudpickle", "jupyterlite-pool")


class Packages(NamedTuple):
    """The packages of a notebook at one moment."""

    #: Those of the lock file that workers load, by name.
    loaded: list[str]
    #: Digests of those that workers are sent, by name.
    installed: dict[str, str]
    #: Where modules of the lock file's packages are, loaded or not.
    provides: dict[str, Provided]
    #: The files of those that are sent, under keys.
    bundles: list[tuple[str, Encoded]]


class NotebookPackages:
    """Knows what is installed; looks closely only if that has changed."""

    def __init__(self, extra: Sequence[str], pyodide: Any) -> None:
        """Look around later.

        Args:
            extra: names of packages to load in every worker in any case.
            pyodide: Pyodide's JavaScript module.
        """
        self._extra = tuple(extra)
        self._pyodide = pyodide
        self._folder = sysconfig.get_path("purelib")
        #: Digests of what is in each bundle.
        self._bundles: dict[str, tuple[Encoded, frozenset[str]]] = {}

    def folder_time(self) -> int:
        """When a package was last installed or removed: that changes the folder's time."""
        return os.stat(self._folder).st_mtime_ns

    def read(self) -> Packages:
        """What there is now."""
        lock = self._pyodide._api.lockfile_packages.to_py()
        depends = {name: package["depends"] for name, package in lock.items()}
        loaded = self._pyodide.loadedPackages.to_py()
        # Where one was installed over another, the files are those of the later.
        distributions = {
            normalize(distribution.name): distribution
            for distribution in importlib.metadata.distributions()
        }
        # One that came from elsewhere is another build or version than the lock file's.
        others = {
            name
            for name, distribution in distributions.items()
            if name in lock and _is_from_elsewhere(distribution)
        }
        from_lock = {
            name
            for loaded_name, channel in loaded.items()
            if channel == _LOCK_CHANNEL and (name := normalize(loaded_name)) in lock
        } - others
        depends.update(
            (name, _requirements(distribution))
            for name, distribution in distributions.items()
            if name not in from_lock
        )
        kernels = {*KERNEL_PACKAGES, *RUNTIME_PACKAGES}
        own = _closure(kernels, depends)
        # What the kernel needs, but has in another version, the user has installed.
        users = ((from_lock | distributions.keys()) - own) | others
        # What the user's packages need is theirs, too, but for what is the kernel's business.
        needed = _closure(users, depends, but=kernels)
        provides = {
            module: Provided(name, lock[name]["version"])
            for name in from_lock
            for module in lock[name]["imports"]
        }
        provides.update(
            (module, Provided(name, distributions[name].version, _REFUSED))
            for name in others & kernels
            for module in lock[name]["imports"]
        )
        from_lock &= needed
        sent = {
            _digest(distribution): distribution
            for name, distribution in distributions.items()
            if name in needed - from_lock
        }
        installed = {normalize(sent[digest].name): digest for digest in sent}
        self._bundle(sent)
        return Packages(
            loaded=sorted({*from_lock, *self._extra}),
            installed=installed,
            provides=provides,
            bundles=[(key, encoded) for key, (encoded, _) in self._bundles.items()],
        )

    def _bundle(self, sent: Mapping[str, importlib.metadata.Distribution]) -> None:
        """Have bundles with all that is sent, and none with nothing of it."""
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


def _is_from_elsewhere(distribution: importlib.metadata.Distribution) -> bool:
    """Whether it is known to have come from an index, a URL or a file."""
    source = distribution.read_text(_SOURCE_FILE)
    return source is not None and source.strip() != _LOCK_SOURCE


def _requirements(distribution: importlib.metadata.Distribution) -> list[str]:
    """The names of what an installed package depends on, without its extras."""
    return [
        match[0]
        for requirement in distribution.requires or ()
        if "extra" not in requirement.partition(";")[2]
        and (match := re.match(r"[\w.-]+", requirement))
    ]


def _closure(
    names: Iterable[str], depends: dict[str, Sequence[str]], but: Collection[str] = ()
) -> set[str]:
    """The packages and all that they depend on, but for some and what these depend on."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = normalize(waiting.pop())
        if name not in found and name not in but:
            found.add(name)
            waiting.extend(depends.get(name, ()))
    return found


def _digest(distribution: importlib.metadata.Distribution) -> str:
    """Another one for each build: the list of files has the digests of the files."""
    about = "\0".join(
        (distribution.name, distribution.version, distribution.read_text("RECORD") or "")
    )
    # Some lists have no digests; then the time says that it was installed anew.
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
