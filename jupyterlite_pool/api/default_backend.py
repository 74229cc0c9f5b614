"""Which engine carries the batches of a pool: the browser's workers, processes, a cluster.

A pool that names none has the engine that `use` or the environment variable says; else the browser
it is in, or the cores of this machine. Inside a task it is the task's own worker.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..backends.base import Backend
from ..errors import PoolStartError
from ..notebook.page import page
from ..releases import OLDEST, is_too_old
from ..worker.current_worker import current_worker

if TYPE_CHECKING:
    from ..backends.pyodide.backend import PyodideBackend

#: Packages offer engines under this group of entry points.
GROUP = "jupyterlite_pool.backends"

#: The environment variable that names the engine of pools that name none.
VARIABLE = "JUPYTERLITE_POOL_BACKEND"

#: How the addresses of Dask's schedulers begin.
SCHEMES = ("tcp://", "tls://", "ucx://", "ws://", "wss://", "inproc://")

#: Makes a backend; an entry point of the group names such a function. Its options are those that
#: were given to `use`.
Maker = Callable[..., Backend]


class Engine(NamedTuple):
    """An engine, as somebody has asked for it."""

    #: Its name, the address of a scheduler, or a client or a cluster of Dask; None for the default.
    what: object = None
    #: Options of its backend.
    options: Mapping[str, Any] = {}


class _Chosen:
    """What `use` has said last."""

    engine = Engine()


chosen = _Chosen()


def default_workers() -> int:
    """The number of workers of a browser's pool that asks for none.

    Raises:
        PoolStartError: this is no browser, or its Pyodide is too old.
    """
    if current_worker() is not None:
        return 1
    _load_backend()
    from ..backends.pyodide.device import Device

    return Device(_site_limit).size()


def make_backend(backend: object, max_workers: int | None, packages: Sequence[str]) -> Backend:
    """The backend of a pool.

    Args:
        backend: a `Backend`, or what `use` takes; None for the default.
        max_workers: how many workers; None for as many as the engine has by itself.
        packages: names of packages that each worker loads in any case.

    Raises:
        PoolStartError: the engine cannot work here; the message says what it needs.
        ValueError: there is no engine of this name.
        TypeError: this is no engine.
    """
    here = current_worker()
    if backend is None and here is not None:
        from ..backends.nested import NestedBackend

        return NestedBackend(here)
    if backend is None:
        engine = _default()
    elif _is_backend(backend):
        return backend  # type: ignore[return-value] # as far as its methods tell
    else:
        engine = Engine(backend)
    maker, options = maker_of(engine)
    return maker(max_workers, packages, **options)


def _default() -> Engine:
    if chosen.engine.what is not None:
        return chosen.engine
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return Engine(named)
    return Engine("pyodide" if sys.platform == "emscripten" else "local")


def maker_of(engine: Engine) -> tuple[Maker, Mapping[str, Any]]:
    """What makes the backend of an engine, and its options.

    Raises:
        ValueError: there is no engine of this name.
        TypeError: this is no engine.
    """
    what, options = engine
    if isinstance(what, str):
        if what.startswith(SCHEMES):
            return _dask, {"cluster": what, **options}
        if what in _OWN:
            return _OWN[what], options
        return _offered(what), options
    if hasattr(what, "scheduler_address") or hasattr(what, "scheduler_info"):
        return _dask, {"cluster": what, **options}
    raise TypeError(
        "an engine is a name, the address of a Dask scheduler, or a client or cluster of Dask, "
        f"not {type(what).__name__!r}"
    )


def default_is_dask() -> bool:
    """Whether Dask, which limits its workers itself, is the engine of pools that name none."""
    return current_worker() is None and maker_of(_default())[0] is _dask


def _is_backend(value: object) -> bool:
    return all(hasattr(value, name) for name in ("start", "submit", "kill", "workers", "set_ups"))


def _offered(name: str) -> Maker:
    """The engine of this name that an installed package offers."""
    from importlib.metadata import entry_points

    offered = {point.name: point for point in entry_points(group=GROUP)}
    if name not in offered:
        known = ", ".join(repr(name) for name in sorted({*_OWN, *offered}))
        raise ValueError(
            f"there is no engine {name!r}. There are {known}, and addresses of Dask schedulers, "
            "such as 'tcp://scheduler:8786'."
        )
    maker: Maker = offered[name].load()
    return maker


# The engines of this package.


def _pyodide(max_workers: int | None, packages: Sequence[str]) -> Backend:
    """Workers of this browser."""
    return _load_backend()(max_workers, packages, _site_limit)


def _local(max_workers: int | None, packages: Sequence[str]) -> Backend:
    """Processes of this machine, which have all packages that the notebook has."""
    try:
        from ..backends.local.backend import LocalBackend
    except ImportError as error:
        raise _missing("this machine's cores", "loky", "local", error) from error
    return LocalBackend(max_workers)


def _dask(
    max_workers: int | None, packages: Sequence[str], cluster: Any = None, **options: Any
) -> Backend:
    """Workers of a Dask cluster, which have the packages that their machines have."""
    try:
        from ..backends.dask.backend import DaskBackend
    except ImportError as error:
        raise _missing("a Dask cluster", "distributed", "dask", error) from error
    return DaskBackend(cluster, max_workers, **options)


_OWN: dict[str, Maker] = {"pyodide": _pyodide, "local": _local, "dask": _dask}


def _missing(what: str, package: str, extra: str, error: ImportError) -> Exception:
    """The error of an engine whose packages are not there."""
    if (error.name or "").partition(".")[0] not in (package, "dask"):
        return error  # something else is wrong
    return PoolStartError(
        f"a pool on {what} needs {package}, which is not installed: "
        f'`pip install "jupyterlite-pool[{extra}]"`'
    )


def _load_backend() -> type[PyodideBackend]:
    """Import the browser's backend; PoolStartError where it cannot work."""
    if sys.platform != "emscripten":
        raise PoolStartError(
            "there are no Pyodide workers outside of a browser. In ordinary Python, "
            "`jupyterlite_pool.use('local')` has a pool on the cores of this machine."
        )
    version = getattr(sys.modules.get("pyodide"), "__version__", "of an unknown release")
    if is_too_old():
        raise PoolStartError(
            f"this kernel runs Pyodide {version}, but jupyterlite-pool needs {OLDEST}."
        )
    try:
        from ..backends.pyodide.backend import PyodideBackend
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("pyodide", "pyodide_js"):
            raise  # Pyodide is not to blame: a package that the pool needs is missing
        raise PoolStartError(
            f"this kernel runs Pyodide {version}, which lacks what jupyterlite-pool needs: {error}."
        ) from error
    return PyodideBackend


def _site_limit() -> int | None:
    """How many workers the settings of the site allow now."""
    return page.max_workers
