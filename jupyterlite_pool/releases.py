"""What differs between releases of Pyodide, Python and JupyterLite. No other module knows of it.

No number of a release decides anything: each function looks for what is there.
"""

from __future__ import annotations

import asyncio
import functools
import sys
import time
import types
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

#: The oldest releases on which workers start, in the words of a message.
OLDEST = "Pyodide 0.27 or newer: use a site built with JupyterLite 0.5 or newer"

#: The C part of `multiprocessing`, which no release has.
_PROCESSES_IN_C = "_multiprocessing"


def is_too_old() -> bool:
    """Whether this Pyodide is older than those on which workers start.

    The oldest of these was the first that can read an object of JavaScript as JSON, and the first
    that pauses Python in the way that browsers have now.
    """
    try:
        from pyodide.ffi import JsProxy
    except ImportError:
        return True
    return not hasattr(JsProxy, "as_py_json")


def javascripts_null() -> object:
    """What Python gets for JavaScript's `null`; earlier releases make None of it."""
    try:
        from pyodide.ffi import jsnull
    except ImportError:
        return None
    null: object = jsnull
    return null


def pausing_sleep(
    pause: Callable[[Coroutine[Any, Any, None]], object], can_pause: Callable[[], bool]
) -> Callable[[float], None] | None:
    """A `time.sleep` that pauses Python; None if this Python's own does.

    In earlier releases it is C's, which keeps the thread busy, so that no message arrives.

    Args:
        pause: pauses Python until a coroutine has ended.
        can_pause: whether that is possible now.
    """
    keeps_busy = time.sleep
    if not isinstance(keeps_busy, types.BuiltinFunctionType):
        return None

    @functools.wraps(keeps_busy)  # a task that calls it has the worker's own, by its name
    def sleep(seconds: float, /) -> None:
        if seconds >= 0 and can_pause():
            pause(asyncio.sleep(seconds))
        else:
            keeps_busy(seconds)

    return sleep


def mixes_up_answers(drive: Any) -> bool:
    """Whether a site may give a request for a file the answer to another one.

    The service worker of earlier JupyterLites does: requests have no names of their own there. The
    word for the name travels with each request, so whoever shortens the code of a site leaves it.

    Args:
        drive: what asks for the kernel's files, an object of JavaScript.
    """
    if not hasattr(drive, "_baseUrl"):
        return False  # it asks the page itself, on a cross-origin isolated page
    request = drive.constructor.prototype.request  # the pool replaces the object's own
    return "requestId" not in str(request.toString())


@contextmanager
def processes_in_c(name: str = "concurrent.futures.process") -> Iterator[None]:
    """Let an empty module stand for the C part of `multiprocessing` while a module is imported.

    Python 3.12 does not import its modules for process pools without that part. They use nothing of
    it where there are no processes. The empty module does not stay: libraries would take it for a
    sign that there are semaphores.

    Args:
        name: the module that is imported.
    """
    is_pythons_own = name.partition(".")[0] in ("concurrent", "multiprocessing")
    if not is_pythons_own or _PROCESSES_IN_C in sys.modules or _has_processes_in_c():
        yield
        return
    sys.modules[_PROCESSES_IN_C] = types.ModuleType(_PROCESSES_IN_C)
    try:
        yield
    finally:
        del sys.modules[_PROCESSES_IN_C]


def _has_processes_in_c() -> bool:
    try:
        return find_spec(_PROCESSES_IN_C) is not None
    except ModuleNotFoundError:  # from the finder that says what to do instead
        return False


#: The type of a name that is imported when it is first used; None if this Python has none.
LAZY_IMPORT: type | None = getattr(types, "LazyImportType", None)
