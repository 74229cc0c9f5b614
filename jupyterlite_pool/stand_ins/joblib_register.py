"""joblib on the pool: the backend made known to joblib, and taken back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ..worker.calls import BACKEND

#: Names of joblib's backends that a browser lacks, where processes would be.
_PROCESS_BACKENDS = ("loky", "multiprocessing")

#: What joblib knew before; None while nothing is registered.
_before: _Before | None = None


class _Before:
    """What registering changes in joblib, as it was."""

    def __init__(self, joblib: ModuleType) -> None:
        parallel = joblib.parallel
        self.default = parallel.DEFAULT_BACKEND
        self.backends = {
            name: parallel.BACKENDS.get(name) for name in (BACKEND, *_PROCESS_BACKENDS)
        }
        self.cpu_count: Callable[..., int] = parallel.cpu_count


def register_joblib_backend(*, make_default: bool = False) -> None:
    """Make the pool a backend of joblib, under the name "jupyterlite".

        register_joblib_backend()
        with joblib.parallel_config("jupyterlite"):
            results = Parallel()(delayed(f)(x) for x in xs)

    Within such a `parallel_config`, code that does not say `n_jobs` uses all workers, and
    `joblib.cpu_count()` is how many there are. Calling this again changes only the default.

    Args:
        make_default: use the pool wherever no backend is chosen, and where a backend is that
            needs processes. `n_jobs` is 1 there unless it is given, as is joblib's rule.

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
        # Else joblib would warn that they are missing, and remember what it used in their place.
        for name in _PROCESS_BACKENDS:
            joblib.register_parallel_backend(name, PoolBackend)


def unregister_joblib_backend() -> None:
    """Undo `register_joblib_backend`; does nothing where it was not called."""
    global _before
    if _before is None:
        return
    before, _before = _before, None
    joblib = _import_joblib()
    from .joblib_backend import PoolBackend

    parallel = joblib.parallel
    if parallel.BACKENDS.get(parallel.DEFAULT_BACKEND) is PoolBackend:
        parallel.DEFAULT_BACKEND = before.default
    # Whoever asked for a missing backend while ours was the default was given ours for good.
    for name, backend in list(parallel.BACKENDS.items()):
        if backend is PoolBackend:
            if (earlier := before.backends.get(name)) is None:
                del parallel.BACKENDS[name]
            else:
                parallel.BACKENDS[name] = earlier
    parallel.cpu_count = joblib.cpu_count = before.cpu_count


def _worker_count(count_cpus: Callable[..., int]) -> Callable[..., int]:
    """`joblib.cpu_count`, but the number of workers where the pool is joblib's backend."""

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
