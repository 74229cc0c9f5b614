"""A warm pool of workers beside the kernel: Pyodide's in a browser, processes elsewhere.

    from jupyterlite_pool import pool_map
    results = pool_map(f, xs)

The names of `__all__` and the modules `errors`, `pandas` and `testing` are public; all else is
private. A public name is imported when it is first used, so that a worker can import its own part
of the package without the notebook's part.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api.estimate import Estimate, estimate
    from .api.executor import WorkerPoolExecutor
    from .api.history import last_result
    from .api.map_result import MapResult
    from .api.pool_map import pool_map
    from .api.shared import get_reusable_executor
    from .api.status import PoolStatus
    from .api.use import use
    from .commands.magics import load_ipython_extension
    from .stand_ins.install import install, uninstall
    from .stand_ins.joblib_register import register_joblib_backend, unregister_joblib_backend
    from .waiting.futures import PoolFuture
    from .wire.refs import ObjectRef
    from .worker.current_worker import current_worker

__version__ = "0.2.0"

__all__ = [
    "Estimate",
    "MapResult",
    "ObjectRef",
    "PoolFuture",
    "PoolStatus",
    "WorkerPoolExecutor",
    "current_worker",
    "estimate",
    "get_reusable_executor",
    "install",
    "last_result",
    "load_ipython_extension",
    "pool_map",
    "register_joblib_backend",
    "uninstall",
    "unregister_joblib_backend",
    "use",
]

_HOMES = {
    "Estimate": ".api.estimate",
    "MapResult": ".api.map_result",
    "ObjectRef": ".wire.refs",
    "PoolFuture": ".waiting.futures",
    "PoolStatus": ".api.status",
    "WorkerPoolExecutor": ".api.executor",
    "current_worker": ".worker.current_worker",
    "estimate": ".api.estimate",
    "get_reusable_executor": ".api.shared",
    "install": ".stand_ins.install",
    "last_result": ".api.history",
    "load_ipython_extension": ".commands.magics",
    "pool_map": ".api.pool_map",
    "register_joblib_backend": ".stand_ins.joblib_register",
    "uninstall": ".stand_ins.install",
    "unregister_joblib_backend": ".stand_ins.joblib_register",
    "use": ".api.use",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _register_magics() -> None:
    """Register the magics if a notebook imports the package."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        from .commands.magics import load_ipython_extension

        load_ipython_extension(shell)


_register_magics()
