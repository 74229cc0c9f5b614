"""Registers the pool as a backend of joblib, and takes it back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ..worker.stand_in_calls import BACKEND

#: Names of joblib's backends that need processes, which a browser has not.
_PROCESS_BACKENDS = ("loky", "multiprocessing")

#: What joblib had before; None while the pool is not registered.
_before: _Before | None = None


class _Before:
    """The values that registering changes in joblib, as they were."""

    def __init__(self, joblib: ModuleType) -> None:
        parallel = joblib.parallel
        self.default = parallel.DEFAULT_BACKEND
        self.backends = {
            name: parallel.BACKENDS.get(name) for name in (BACKEND, *_PROCESS_BACKENDS)
        }
        self.cpu_count: Callable[..., int] = parallel.cpu_count


def register_joblib_backend(*, make_default: bool = False) -> None:
    """Make the pool a backend of joblib, under the name "jupyterlite".

    Give it in a `parallel_config`::

        register_joblib_backend()
        with joblib.parallel_config("jupyterlite"):
            results = Parallel()(delayed(f)(x) for x in xs)

    Inside of it, code that does not give `n_jobs` uses all workers, and
    `joblib.cpu_count()` is the number of workers. A second call can change only the default.

    Args:
        make_default: use the pool also if no backend is chosen, and instead of backends that need
            processes. Then `n_jobs` is 1 unless it is given, which is joblib's own rule.

    Raises:
        ModuleNotFoundError: joblib is not installed.
    """
    global _before
    joblib = _import_joblib()
    from .joblib_backend import PoolBackend

    if _before is None:
        _before = _Before(joblib)
        joblib.parallel.cpu_count = joblib.cpu_count = _worker_count(_before.cpu_count)
    joblib.register_parallel_backend(BACKEND, PoolBackend, make_default=make_default)
    if make_default and joblib.parallel.mp is None:
        # Otherwise joblib would warn that they are missing, and remember what it used instead.
        for name in _PROCESS_BACKENDS:
            joblib.register_parallel_backend(name, PoolBackend)


def unregister_joblib_backend() -> None:
    """Undo `register_joblib_backend`. Does nothing if that was not called."""
    global _before
    if _before is None:
        return
    before, _before = _before, None
    joblib = _import_joblib()
    from .joblib_backend import PoolBackend

    parallel = joblib.parallel
    if parallel.BACKENDS.get(parallel.DEFAULT_BACKEND) is PoolBackend:
        parallel.DEFAULT_BACKEND = before.default
    # joblib has remembered ours for the name of each missing backend that was asked for.
    for name, backend in list(parallel.BACKENDS.items()):
        if backend is PoolBackend:
            if (earlier := before.backends.get(name)) is None:
                del parallel.BACKENDS[name]
            else:
                parallel.BACKENDS[name] = earlier
    parallel.cpu_count = joblib.cpu_count = before.cpu_count


def _worker_count(count_cpus: Callable[..., int]) -> Callable[..., int]:
    """`joblib.cpu_count`, but the number of workers while the pool is joblib's backend."""

    @functools.wraps(count_cpus)
    def cpu_count(*args: Any, **kwargs: Any) -> int:
        from joblib.parallel import get_active_backend

        from .joblib_backend import PoolBackend

        backend, _ = get_active_backend()
        if isinstance(backend, PoolBackend):
            return backend.effective_n_jobs(-1)
        return count_cpus(*args, **kwargs)

    return cpu_count


def _import_joblib() -> Any:
    try:
        import joblib.parallel
    except ModuleNotFoundError as error:
        if error.name != "joblib":
            raise
        raise ModuleNotFoundError(
            "joblib is not installed. Run `%pip install joblib`.", name="joblib"
        ) from None
    return joblib
