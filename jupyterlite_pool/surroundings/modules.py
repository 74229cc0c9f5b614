"""The sources of the notebook's own modules, which workers import instead of the files."""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from ..wire.payload import PROTOCOL, Encoded
from ..wire.protocol import MODULES_PREFIX
from ..worker.surroundings.modules import SentModule, is_own

#: Every worker has its own `__main__`, and this package.
_NOT_SENT = frozenset({"__main__", __name__.partition(".")[0]})


class NotebookModules:
    """Finds the user's own modules among those that are loaded, and keeps their sources."""

    def __init__(self) -> None:
        #: Names of modules that were examined.
        self._seen: set[str] = set()
        self._sent: dict[str, SentModule] = {}
        #: Each module, its spec, and its time in `%autoreload`, when its source was read.
        self._loaded: dict[str, tuple[ModuleType, ModuleSpec | None, object]] = {}
        self._count = 0

    def changed(self) -> bool:
        """Whether a module was imported, reloaded or removed since `sources` was called.

        This takes little time: it is asked for every task.
        """
        modules = sys.modules
        if len(modules) != self._count:
            return True
        times = _autoreloaded() if self._loaded else {}
        if times:
            self._note_first(times)
        return any(
            modules.get(name) is not module
            or module.__spec__ is not spec  # a reload makes a new one
            or times.get(name) != time
            for name, (module, spec, time) in self._loaded.items()
        )

    def _note_first(self, times: Mapping[str, object]) -> None:
        """Note the first time of each module in `%autoreload`.

        It comes after the cell that imports the module, and does not mean that it was reloaded.
        """
        for name, (module, spec, time) in self._loaded.items():
            if time is None and name in times:
                self._loaded[name] = (module, spec, times[name])

    def sources(self) -> tuple[str, Encoded] | None:
        """The sources of all these modules, under a key; None if there are none."""
        self._count = len(sys.modules)
        times = _autoreloaded()
        self._note_first(times)
        for name in [name for name in self._loaded if name not in sys.modules]:
            del self._loaded[name], self._sent[name]
            self._seen.discard(name)
        for name, (module, spec, time) in list(self._loaded.items()):
            now = sys.modules[name]
            if now is not module or now.__spec__ is not spec or times.get(name) != time:
                self._read(name, now, times.get(name))
        for name in sys.modules.keys() - self._seen:
            self._seen.add(name)
            module = sys.modules[name]
            if name.partition(".")[0] not in _NOT_SENT and isinstance(module, ModuleType):
                self._read(name, module, times.get(name))
        if not self._sent:
            return None
        payload = pickle.dumps(
            {name: tuple(module) for name, module in sorted(self._sent.items())}, PROTOCOL
        )
        digest = hashlib.blake2b(payload, digest_size=16).hexdigest()
        return MODULES_PREFIX + digest, Encoded(payload, [])

    def _read(self, name: str, module: ModuleType, time: object) -> None:
        sent = _source(module)
        if sent is None:
            self._sent.pop(name, None)
            self._loaded.pop(name, None)
        else:
            self._sent[name] = sent
            self._loaded[name] = (module, module.__spec__, time)


def _source(module: ModuleType) -> SentModule | None:
    """A module as it is sent to workers; None if it is not the user's own."""
    spec = getattr(module, "__spec__", None)  # `%reset` takes it from `__main__`
    if spec is None:
        return None
    file = getattr(module, "__file__", None)
    folders = getattr(module, "__path__", None)
    try:
        if isinstance(file, str) and is_own(file):
            with open(file, "rb") as source:
                own = source.read()
            return SentModule(file, own, None if folders is None else list(folders))
        if file is None and folders is not None and spec.origin is None:
            paths = [str(folder) for folder in folders]
            if paths and all(is_own(f"{path}/_.py") for path in paths):
                return SentModule(None, b"", paths)
    except OSError:  # the file is gone or never was there; the worker looks for the module itself
        pass
    return None


def _autoreloaded() -> Any:
    """The times of the files that `%autoreload` has loaded, by module.

    `%autoreload` may change a module in place, and then nothing in the module tells of the change.
    """
    if "IPython.extensions.autoreload" not in sys.modules:
        return {}
    from IPython import get_ipython

    magics = get_ipython().magics_manager.registry.get("AutoreloadMagics")
    reloader = getattr(magics, "_reloader", None)
    return getattr(reloader, "modules_mtimes", {})
