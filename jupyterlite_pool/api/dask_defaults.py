"""Dask's shuffles on the pool pass through results, not through files of one worker.

To shuffle is to bring together what belongs together: `Bag.groupby`, or a `merge` of data frames.
Without a cluster, Dask shuffles through files by default: some tasks write them, others read them.
But here each worker has files of its own. Dask's other way, by tasks, is right everywhere.

`Bag.groupby` chooses the way before anybody knows what will compute it. So the choice is a default
of Dask's configuration. Whatever the user has configured counts more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

#: The module that has Dask's configuration.
MODULE = "dask.config"

#: Dask reads this for bags, too.
DEFAULTS = {"dataframe": {"shuffle": {"method": "tasks"}}}


class _AfterImport(MetaPathFinder):
    """Sets the defaults as soon as Dask's configuration is imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As in `MetaPathFinder`."""
        if name != MODULE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        loader: Any = spec and spec.loader
        if loader is not None:
            run: Callable[[Any], None] = loader.exec_module

            def exec_module(module: Any) -> None:
                del loader.exec_module  # the loader is again as it was
                run(module)
                _set_defaults(module)

            loader.exec_module = exec_module
        return spec


_after_import = _AfterImport()


def shuffle_by_tasks() -> None:
    """Let Dask shuffle by tasks, unless the user has configured something else.

    If Dask is not imported yet, this happens when it is. A second call does nothing.
    """
    if _after_import in sys.meta_path:
        return
    sys.meta_path.insert(sys.meta_path.index(PathFinder), _after_import)
    module = sys.modules.get(MODULE)
    if module is not None:
        _set_defaults(module)


def _set_defaults(config: Any) -> None:
    update = getattr(config, "update_defaults", None)
    if update is not None:  # else this is another module of that name
        update(DEFAULTS)
