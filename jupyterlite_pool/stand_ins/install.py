"""`install`: runs programs that were written for a process pool on workers, unchanged."""

from __future__ import annotations

import concurrent.futures
import importlib
import multiprocessing
import os
import sys
from concurrent.futures import process
from multiprocessing import context, pool
from types import ModuleType
from typing import Any

from ..api.default_backend import default_workers
from ..imports import AfterImport
from ..waiting.browser import can_block
from ..worker.surroundings.stand_ins import notebook
from .joblib_register import register_joblib_backend, unregister_joblib_backend
from .locks import Lock, RLock
from .multiprocessing_pool import Pool
from .process_executor import ProcessPoolExecutor
from .unavailable import (
    ADVICE_OF_OTHERS,
    SHARED_MEMORY,
    make_shared_memory,
    replacements,
    replacements_in,
)

#: Stands for the value of an attribute that was not there.
_NOTHING = object()

#: What `install` has replaced: an object, the name of its attribute, and the earlier value.
_replaced: list[tuple[object, str, Any]] = []

#: The module that was made because Python's own cannot be imported here; None for none.
_made: ModuleType | None = None


def install(*, pandas: bool = False) -> None:
    """Let Python's means for many processes use the workers of the browser.

    From now on `concurrent.futures.ProcessPoolExecutor` and `multiprocessing.Pool` run on pool
    workers, and `os.cpu_count` tells how many workers a pool has by default. The pool is
    joblib's default backend, also if joblib is installed later. If Python can wait here,
    `multiprocessing.Lock` and `RLock` work, for the notebook and its workers together. Inside
    tasks, such pools run in the task's own worker. What cannot work in a browser, such as
    `multiprocessing.Process`, is an error that says what to use instead. Names that a program
    imported earlier keep their meaning. `uninstall` puts everything back. A second call of
    `install` does nothing.

    Args:
        pandas: also give pandas' objects `parallel_apply` and `parallel_map`, as
            `import jupyterlite_pool.pandas` does; when pandas is imported, if it is not yet.

    Raises:
        PoolStartError: this is no browser.
    """
    install_here()
    notebook.module = __name__
    if pandas:
        _with_pandas.start()


def install_here() -> None:
    """As `install`, in the notebook or in one of its workers."""
    global _made
    if _replaced:
        if sys.modules.get("joblib") is not None:  # somebody may have taken its backend back
            register_joblib_backend(make_default=True)
        return
    size = default_workers()

    def cpu_count(context: object = None) -> int:
        """How many workers a pool has by default."""
        return size

    def make_pool(context: object, *args: Any, **options: Any) -> Pool:
        """As the function of the same name in `multiprocessing`."""
        return Pool(*args, **options)

    def lock(context: object) -> Lock:
        """As the function of the same name in `multiprocessing`."""
        return Lock()

    def rlock(context: object) -> RLock:
        """As the function of the same name in `multiprocessing`."""
        return RLock()

    for owner, name, value in replacements():
        if _is_pythons_own(getattr(owner, name)):
            _replace(owner, name, value)
    _made = make_shared_memory()
    if _made is not None:
        sys.modules[SHARED_MEMORY] = _made
        _replace(multiprocessing, "shared_memory", _made)  # as if it had been imported
    _later.start()
    base = context.BaseContext
    _replace(concurrent.futures, "ProcessPoolExecutor", ProcessPoolExecutor)
    _replace(process, "ProcessPoolExecutor", ProcessPoolExecutor)
    _replace(multiprocessing, "Pool", Pool)
    _replace(pool, "Pool", Pool)
    _replace(base, "Pool", make_pool)
    _replace(os, "cpu_count", cpu_count)
    if hasattr(os, "process_cpu_count"):  # Python 3.13
        _replace(os, "process_cpu_count", cpu_count)
    _replace(multiprocessing, "cpu_count", cpu_count)
    _replace(base, "cpu_count", cpu_count)
    if can_block():  # otherwise they could not wait, and some programs can do without them
        _replace(multiprocessing, "Lock", Lock)
        _replace(multiprocessing, "RLock", RLock)
        _replace(base, "Lock", lock)
        _replace(base, "RLock", rlock)
        _give_tqdm_a_lock()


def uninstall() -> None:
    """Put back what `install` has replaced. Pools that were made meanwhile go on."""
    global _made
    if not _replaced:
        return
    notebook.module = None
    _later.stop()
    _with_pandas.stop()
    methods = sys.modules.get("jupyterlite_pool.stand_ins.pandas_methods")
    if methods is not None and "jupyterlite_pool.pandas" not in sys.modules:  # asked for apart
        methods.remove_methods()
    if _made is not None and sys.modules.get(SHARED_MEMORY) is _made:
        del sys.modules[SHARED_MEMORY]
    _made = None
    while _replaced:
        owner, name, earlier = _replaced.pop()
        if earlier is _NOTHING:
            delattr(owner, name)
        else:
            setattr(owner, name, earlier)
    unregister_joblib_backend()


def _give_tqdm_a_lock() -> None:
    """Let tqdm have a lock for many processes, if it has found before that there is none.

    It looks once, when it shows its first bar, and keeps None from then on. `process_map` would
    then take None for a lock.
    """
    kept = getattr(sys.modules.get("tqdm.std"), "TqdmDefaultWriteLock", None)
    if getattr(kept, "mp_lock", ...) is None:
        _replace(kept, "mp_lock", RLock())


def _replace(owner: object, name: str, value: object) -> None:
    _replaced.append((owner, name, getattr(owner, name, _NOTHING)))
    setattr(owner, name, value)


def _is_pythons_own(value: object) -> bool:
    """Whether a program has not put something of its own there, which may well work."""
    return str(getattr(value, "__module__", "")).startswith("multiprocessing.")


def _replace_in(module: ModuleType) -> None:
    for replacement in replacements_in(module):
        _replace(*replacement)


def _make_joblibs_default(_: ModuleType) -> None:
    register_joblib_backend(make_default=True)


#: Does the rest when a module is imported that is not there yet, or not even installed.
_later = AfterImport(
    {**dict.fromkeys(ADVICE_OF_OTHERS, _replace_in), "joblib": _make_joblibs_default}
)


def _give_pandas_methods(_: ModuleType) -> None:
    importlib.import_module(".pandas_methods", __package__).add_methods()


#: Gives pandas' objects their methods, when pandas is there.
_with_pandas = AfterImport({"pandas": _give_pandas_methods})
