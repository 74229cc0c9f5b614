"""Says in a few lines what to do where a program wants processes, which a browser does not have."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

from ..tracebacks import shorten

#: The module of C that `multiprocessing` needs for whatever it does, and that a browser lacks.
NEEDED = "_multiprocessing"

MESSAGE = (
    "a browser starts no processes, so `multiprocessing` alone cannot work. After "
    "`import jupyterlite_pool; jupyterlite_pool.install()`, its `Pool` runs on pool workers, and "
    "so does `concurrent.futures.ProcessPoolExecutor`. Give your functions to one of these in "
    "place of a `Process`."
)


class NoProcesses(MetaPathFinder):
    """The last of Python's finders: it is asked for a module that no other has found."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        """As in `MetaPathFinder`, with an error that says what to do.

        Raises:
            ModuleNotFoundError: the module that `multiprocessing` needs is wanted.
        """
        if name == NEEDED:
            raise shorten(ModuleNotFoundError(MESSAGE, name=name))


def explain_missing_processes() -> None:
    """Explain from now on why `multiprocessing` does not work, where it does not."""
    if not any(isinstance(finder, NoProcesses) for finder in sys.meta_path):
        sys.meta_path.append(NoProcesses())
