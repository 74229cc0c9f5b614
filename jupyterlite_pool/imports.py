"""Does something as soon as a module is imported, without importing it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Action = Callable[[ModuleType], None]
Within = Callable[[str], AbstractContextManager[object]]


class AfterImport(MetaPathFinder):
    """The first of Python's finders. It finds what the others find, and then calls an action.

    Args:
        actions: what to call with a module, by the module's name.
        within: makes the context in which a module of these is imported, from its name.
    """

    def __init__(self, actions: Mapping[str, Action], within: Within = nullcontext) -> None:
        self._actions = actions
        self._within = within
        #: The names of the modules that are being executed now.
        self.executing: set[str] = set()

    def start(self) -> None:
        """Call the actions from now on; at once for modules that are there already."""
        if self in sys.meta_path:
            return
        sys.meta_path.insert(0, self)
        for name, action in self._actions.items():
            module = sys.modules.get(name)
            if module is not None:
                action(module)

    def stop(self) -> None:
        """Call the actions no more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As in `MetaPathFinder`."""
        action = self._actions.get(name)
        if action is None:
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        found = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _ActingLoader(spec.loader, action, self._within, self.executing)
        return spec


class _ActingLoader(Loader):
    """Loads a module by another loader, and then calls an action.

    The other loader may be that of a whole archive, so it is left as it is.
    """

    def __init__(self, loader: Any, action: Action, within: Within, executing: set[str]) -> None:
        self._loader = loader
        self._action = action
        self._within = within
        self._executing = executing

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As in `Loader`."""
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """As in `Loader`."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._executing.add(module.__name__)
        try:
            with self._within(module.__name__):
                self._loader.exec_module(module)
        finally:
            self._executing.discard(module.__name__)
        self._action(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
