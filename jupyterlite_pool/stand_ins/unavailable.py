"""Names of `multiprocessing` that cannot work in a browser: each says what to use instead.

Workers are no processes, and they share neither memory nor queues. An object that only looked
shared would give wrong results, so nobody gets one.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from multiprocessing import context, pool, process
from types import ModuleType
from typing import Any

from ..errors import UnavailableError
from ..tracebacks import fold

_PROCESSES = (
    "a browser starts no processes. Call functions with `multiprocessing.Pool` or "
    "`concurrent.futures.ProcessPoolExecutor`"
)
_QUEUES = (
    "values reach a task as its arguments, and the notebook as its results. Return them; "
    "`imap_unordered` and `as_completed` give each as soon as it is there"
)
_MEMORY = (
    "workers share no memory. Return values from tasks and put them together in the notebook; "
    "`WorkerPoolExecutor.put` sends a large object to each worker once"
)
_SIGNALS = (
    "tasks of different workers cannot wait for each other with it. Use a `Lock`, or submit the "
    "later tasks when the results of the earlier ones are there"
)
_THREADS = "a browser starts no threads. Use `multiprocessing.Pool`"

#: What to do instead, by the names of `multiprocessing`.
ADVICE = {
    **dict.fromkeys(("Queue", "JoinableQueue", "SimpleQueue", "Pipe", "Manager"), _QUEUES),
    **dict.fromkeys(("Value", "Array", "RawValue", "RawArray"), _MEMORY),
    **dict.fromkeys(("Event", "Condition", "Barrier", "Semaphore", "BoundedSemaphore"), _SIGNALS),
}

#: The same for other modules, which few programs import.
ADVICE_OF_OTHERS = {
    "multiprocessing.shared_memory": dict.fromkeys(("SharedMemory", "ShareableList"), _MEMORY),
    "multiprocessing.sharedctypes": dict.fromkeys(
        ("Value", "Array", "RawValue", "RawArray"), _MEMORY
    ),
    "multiprocessing.managers": {"SharedMemoryManager": _MEMORY},
}

#: How a program starts a manager, or finds one.
_STARTS = ("start", "connect", "get_server")

#: A module, and the one of C that it needs and a browser lacks.
SHARED_MEMORY = "multiprocessing.shared_memory"
_NEEDED = "_posixshmem"

#: An object, the name of its attribute, and what to put there.
Replacement = tuple[object, str, Callable[..., Any]]


def replacements() -> Iterator[Replacement]:
    """What to put in place of names of modules that are always imported."""
    for name, advice in ADVICE.items():
        refused = _refuse(f"multiprocessing.{name}", advice)
        yield multiprocessing, name, refused
        yield context.BaseContext, name, refused
    yield process.BaseProcess, "start", _refuse("multiprocessing.Process.start", _PROCESSES)
    yield pool, "ThreadPool", _refuse_class("multiprocessing.pool", "ThreadPool", _THREADS)
    nothing = _do_nothing()
    yield multiprocessing, "set_forkserver_preload", nothing
    yield context.BaseContext, "set_forkserver_preload", nothing


def replacements_in(module: ModuleType) -> Iterator[Replacement]:
    """What to put in place of names of a module of `ADVICE_OF_OTHERS`, which was just imported."""
    for name, advice in ADVICE_OF_OTHERS[module.__name__].items():
        known = getattr(module, name, None)
        if isinstance(known, type):
            yield module, name, _refuse_class(module.__name__, name, advice)
        elif known is not None:
            yield module, name, _refuse(f"{module.__name__}.{name}", advice)
    manager: Any = getattr(module, "BaseManager", None)
    if manager is not None:
        for name in _STARTS:
            yield manager, name, _refuse("a manager of multiprocessing", _QUEUES)


def make_shared_memory() -> ModuleType | None:
    """A module in place of `multiprocessing.shared_memory`; None if Python has its own."""
    if SHARED_MEMORY in sys.modules or importlib.util.find_spec(_NEEDED) is not None:
        return None
    module = importlib.util.module_from_spec(ModuleSpec(SHARED_MEMORY, None, origin=__name__))
    module.__doc__ = "Shared memory, which workers do not have."
    for name, advice in ADVICE_OF_OTHERS[SHARED_MEMORY].items():
        setattr(module, name, _refuse_class(SHARED_MEMORY, name, advice))
    return module


def _refuse(name: str, advice: str) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> Any:
        """Raise `UnavailableError`: this cannot work in a browser."""
        raise fold(UnavailableError(f"{name} does not work in a browser: {advice}."))

    return refuse


def _refuse_class(module: str, name: str, advice: str) -> type:
    """A class without objects, for programs that ask whether something is one of them."""
    return type(name, (), {"__module__": module, "__new__": _refuse(f"{module}.{name}", advice)})


def _do_nothing() -> Callable[..., None]:
    def do_nothing(*_: object) -> None:
        """Do nothing: there is no server that starts processes."""

    return do_nothing
