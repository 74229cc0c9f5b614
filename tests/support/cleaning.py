"""Runs in a kernel: what a test may have changed there, and how it is put back.

A kernel is given to another test only if nothing is left of the one before. `remember` is called
when the kernel has started; `clean` puts back what can be put back, and returns the names of all
that is still different.
"""

from __future__ import annotations

import asyncio
import builtins
import concurrent.futures
import gc
import importlib
import importlib.metadata
import locale
import logging
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import types
import warnings
from collections.abc import Callable
from typing import Any

import js
from IPython import get_ipython

#: The package, and others whose names a test may bind to something else.
_PACKAGE = "jupyterlite_pool"

#: What a kernel has of its own in its namespace, and counts or remembers by itself.
_HISTORY = ("_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh", "In", "Out", "_exit_code")

_before: dict[str, Any] = {}
_modules: set[str] = set()
_names: dict[str, Any] = {}
_files: set[str] = set()
_temporary: set[str] = set()
_finders: list[Any] = []
_handlers: list[logging.Handler] = []

#: What a package that is gone has left: modules of ours that hold something of it, and modules of
#: its own that cannot be loaded a second time.
_orphans: set[str] = set()


def remember() -> None:
    """Keep in mind what the kernel is like, with the package and its magics loaded."""
    importlib.import_module(f"{_PACKAGE}.commands.magics")
    importlib.import_module(f"{_PACKAGE}.stand_ins.install")
    _modules.update(sys.modules)
    _names.update(_own_names())
    _files.update(os.listdir())
    _temporary.update(os.listdir(tempfile.gettempdir()))
    _finders.extend(sys.meta_path)
    _handlers.extend(logging.getLogger().handlers)
    _before.update(_look())


async def clean() -> list[str]:
    """Put back what a test has changed; returns the names of what is still different."""
    await _put_back()
    now = _look()
    return [what for name in now if now[name] != _before[name] for what in _told(name, now[name])]


def _told(name: str, now: Any) -> list[str]:
    """What is different, in words."""
    before = _before[name]
    if isinstance(now, dict):
        keys = [key for key in {**before, **now} if before.get(key) != now.get(key)]
        return [f"{name}: {key}" for key in sorted(keys)]
    return [f"{name}: {before} → {now}"]


def _own_names() -> dict[str, Any]:
    space = get_ipython().user_ns
    return {n: v for n, v in space.items() if n not in _HISTORY and not n.startswith("_i")}


def _look() -> dict[str, Any]:
    """All that a test could leave behind, by name."""
    shell = get_ipython()
    loop: Any = asyncio.get_event_loop()
    current = asyncio.current_task()
    return {
        "names": sorted(_own_names()),
        "variables": dict(os.environ),
        "folder": os.getcwd(),
        "files": sorted(os.listdir()),
        "path": list(sys.path),
        "finders": [len(sys.meta_path), len(sys.path_hooks)],
        "filters of warnings": list(warnings.filters),
        "logging": _logging(),
        "locale": locale.setlocale(locale.LC_ALL),
        "time zone": time.tzname,
        "made of removed packages": sorted(_orphans),
        "packages": {d.metadata["Name"]: d.version for d in importlib.metadata.distributions()},
        "tasks": len([t for t in asyncio.all_tasks(loop) if t is not current and not t.done()]),
        "executors": _executors(),
        "cells": [len(shell.input_transformers_cleanup), len(shell.input_transformers_post)],
        "events": {name: len(calls) for name, calls in shell.events.callbacks.items()},
        "stand-ins": _stand_ins(),
        "package": _package(),
        "builtins": sorted(vars(builtins)),
        "javascript": sorted(js.Object.keys(js.globalThis)),
    }


def _logging() -> list[Any]:
    root = logging.getLogger()
    return [root.level, len(root.handlers), logging.root.manager.disable]


def _executors() -> int:
    dispatcher = sys.modules.get(f"{_PACKAGE}.dispatch.dispatcher")
    known = [] if dispatcher is None else dispatcher.all_dispatchers()
    return len([each for each in known if each.broken is None])


def _stand_ins() -> list[int]:
    places: list[Any] = [
        concurrent.futures.ProcessPoolExecutor,
        multiprocessing.Pool,
        multiprocessing.cpu_count,
        os.cpu_count,
        threading.Lock,
        time.sleep,
    ]
    return [id(place) for place in places]


def _package() -> dict[str, int]:
    """What the names of the package's modules stand for, apart from what it counts and keeps."""
    kinds = (type, types.FunctionType, types.BuiltinFunctionType, int, float, str, tuple, frozenset)
    return {
        f"{module}.{name}": id(value)
        for module, loaded in sorted(sys.modules.items())
        if module.startswith(f"{_PACKAGE}.") and module in _modules
        for name, value in vars(loaded).items()
        if isinstance(value, kinds) and not name.startswith("__")
    }


async def _put_back() -> None:
    shell = get_ipython()
    package = sys.modules[_PACKAGE]
    package.uninstall()
    package.unregister_joblib_backend()
    _stop_executors()
    _close_door()
    importlib.import_module(f"{_PACKAGE}.api.history").history.forget()
    space = shell.user_ns
    for name in [*_own_names()]:
        if name not in _names:
            del space[name]
    space.update(_names)
    for history in ("Out", "_oh"):
        space[history].clear()
    shell.last_execution_result = None
    _forget_widgets()
    _unload_autoreload(shell)
    os.chdir(_before["folder"])
    for folder, known in ((".", _files), (tempfile.gettempdir(), _temporary)):
        for entry in {*os.listdir(folder)} - known:
            _remove(os.path.join(folder, entry))
    os.environ.clear()
    os.environ.update(_before["variables"])
    locale.setlocale(locale.LC_ALL, _before["locale"])
    sys.path[:] = _before["path"]
    sys.meta_path[:] = _finders
    logging.getLogger().handlers[:] = _handlers
    _uninstall()
    warnings.simplefilter("default", ImportWarning)  # lets Python look at the filters again
    filters: Any = warnings.filters
    filters[:] = _before["filters of warnings"]
    _forget_modules()
    logging.getLogger().setLevel(_before["logging"][0])
    random.seed()
    sys.last_value = sys.last_traceback = sys.last_type = None
    await asyncio.sleep(0)
    gc.collect()


def _stop_executors() -> None:
    from jupyterlite_pool.api.shared import set_reusable_executor
    from jupyterlite_pool.dispatch.dispatcher import all_dispatchers

    set_reusable_executor(None)
    for dispatcher in all_dispatchers():
        dispatcher.lose_all(RuntimeError("the kernel is given to another test"))


def _close_door() -> None:
    """Take away the door to brokers: see `tests.support.door`."""
    backend: Any = sys.modules.get(f"{_PACKAGE}.backends.pyodide.backend")
    if backend is not None:
        backend.find_files = getattr(backend.find_files, "without_door", backend.find_files)


def _uninstall() -> None:
    """Remove packages that were not there before, and their modules."""
    installed = {d.metadata["Name"]: d for d in importlib.metadata.distributions()}
    for name in installed.keys() - _before["packages"].keys():
        files = [str(file) for file in installed[name].files or ()]
        tops = {file.partition("/")[0].removesuffix(".py") for file in files}
        for module in [*sys.modules]:
            if module.partition(".")[0] in tops:
                if str(getattr(sys.modules[module], "__file__", "")).endswith(".so"):
                    _orphans.add(module)  # it cannot be loaded a second time
                del sys.modules[module]
        _forget_made_of(tops)
        importlib.import_module("micropip").uninstall(name)
        rest: Any = getattr(installed[name], "_path", None)  # files that no list names
        if rest is not None:
            shutil.rmtree(rest, ignore_errors=True)


def _forget_made_of(tops: set[str]) -> None:
    """Forget modules of ours that hold something of a package with these folders and modules.

    A class of ours whose base is gone would be a stranger to the package once that is installed
    again. A module that was there before cannot be forgotten: others have it.
    """
    gone: set[str] = set()
    while True:
        ours = [name for name in sys.modules if name.startswith(f"{_PACKAGE}.")]
        found = {name for name in ours if _holds(name, tops, gone)}
        _orphans.update(found & _modules)
        if not found or found & _modules:
            return
        gone |= found
        for name in found:
            del sys.modules[name]
            folder, _, own = name.rpartition(".")
            vars(sys.modules.get(folder, types.ModuleType(folder))).pop(own, None)


def _holds(name: str, tops: set[str], gone: set[str]) -> bool:
    """Whether a module holds something of a package, or of a module that was forgotten."""
    homes = {_home(value) for value in vars(sys.modules[name]).values()}
    return any(home in gone or home.partition(".")[0] in tops for home in homes)


def _home(value: Any) -> str:
    """The module that something is from; of a module, its own name."""
    return str(
        getattr(value, "__name__" if isinstance(value, types.ModuleType) else "__module__", "")
    )


def _forget_widgets() -> None:
    widgets = sys.modules.get("ipywidgets")
    if widgets is not None:
        widgets.Widget.close_all()


def _unload_autoreload(shell: Any) -> None:
    """Take away the hooks of `%autoreload`, which it leaves where they are when it is unloaded."""
    for callbacks in shell.events.callbacks.values():
        callbacks[:] = [call for call in callbacks if not _home(call).endswith(".autoreload")]
    loaded = shell.extension_manager.loaded
    loaded -= {name for name in loaded if name.endswith("autoreload")}


def _forget_modules() -> None:
    """Modules of the notebook's own, which lie beside it; those of packages stay."""
    beside = _before["folder"]
    for name, module in [*sys.modules.items()]:
        file = getattr(module, "__file__", None) or ""
        if name not in _modules and file.startswith(beside):
            del sys.modules[name]


def _remove(path: str) -> None:
    action: Callable[[str], None] = shutil.rmtree if os.path.isdir(path) else os.remove
    action(path)
