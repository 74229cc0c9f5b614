"""Process pools inside tasks: if the notebook has put ours in their place, workers do so, too.

Most tasks make no pools, and the stand-ins take a while to import. So a worker puts them in place
when a task imports one of the modules that they are for.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from ...imports import AfterImport
from ...releases import processes_in_c

#: The modules that the stand-ins are for.
MODULES = ("concurrent.futures.process", "multiprocessing", "joblib")


class _Notebook:
    """What the notebook has done."""

    #: The name of the module whose stand-ins it has put in place; None for none. The module has
    #: the functions `install_here` and `uninstall`.
    module: str | None = None


notebook = _Notebook()


class WorkerStandIns:
    """The stand-ins of a worker."""

    def __init__(self) -> None:
        self._module: str | None = None
        self._installed: Any = None
        self._installing = False
        self._finder = AfterImport(dict.fromkeys(MODULES, self._install), processes_in_c)

    def follow(self, module: str | None) -> None:
        """Do what the notebook has done.

        Args:
            module: as `notebook.module`.
        """
        if module == self._module:
            return
        self._module = module
        self._finder.stop()
        if self._installed is not None:
            self._installed.uninstall()
            self._installed = None
        if module is not None:
            self._finder.start()

    def _install(self, _: ModuleType) -> None:
        # Some of the modules import others of them, as the stand-ins do. The last one counts.
        if self._module is None or self._installing or self._finder.executing:
            return
        self._installing = True
        try:
            self._installed = importlib.import_module(self._module)
            self._installed.install_here()
        finally:
            self._installing = False
