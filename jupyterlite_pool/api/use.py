"""`use`: says which engine the shared pool has, for good or for a while."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from .default_backend import Engine, chosen, maker_of
from .shared import running_executor, set_reusable_executor


class Using:
    """The engine that `use` has chosen. In `with`, the engine before comes back at the end."""

    def __init__(self, engine: Engine) -> None:
        self._before = chosen.engine
        #: The shared pool of the engine before. If nobody holds it, it ends when its work is done.
        self._pool = running_executor()
        self._name = "the default engine" if engine.what is None else str(engine.what)
        chosen.engine = engine
        set_reusable_executor(None)

    def __repr__(self) -> str:
        return f"<jupyterlite_pool uses {self._name}>"

    def __enter__(self) -> Using:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        own = running_executor()
        chosen.engine = self._before
        set_reusable_executor(self._pool)
        if own is not None:
            own.shutdown(wait=False)


def use(engine: object, **options: Any) -> Using:
    """Let `pool_map`, the magics and executors that name no backend run on another engine.

    The shared pool of the new engine starts at its first use; what runs on the pool before goes on
    to its end. `with use("local"):` does this for a while, and then brings back the engine before,
    with its shared pool. Without a call of `use`, the environment variable
    `JUPYTERLITE_POOL_BACKEND` decides; without that, it is "pyodide" in a browser and "local"
    elsewhere.

    Args:
        engine: "pyodide" for the workers of this browser; "local" for the cores of this machine;
            "dask", the address of a scheduler, a `distributed.Client` or a cluster for Dask; a name
            that an installed package offers under the group `jupyterlite_pool.backends` of entry
            points; None for the default.
        **options: of the engine. Dask takes `workers` (addresses, names or hosts) and `resources`,
            as `distributed.Client.submit`.

    Raises:
        ValueError: there is no engine of this name.
        TypeError: this is no engine.
    """
    wanted = Engine(engine, options)
    if engine is not None:
        maker_of(wanted)
    return Using(wanted)
