"""Timers, promises and pauses of a browser, for a program that must wait.

No other file of the waiting speaks with JavaScript. Outside of a browser nothing of it is used.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

#: Seconds of the longest timer: browsers count milliseconds with 31 bits.
LONGEST = 2_000_000.0

#: Whether Python runs in a browser.
IN_BROWSER = sys.platform == "emscripten"


def can_block() -> bool:
    """Whether Python can pause here without `await`."""
    if not IN_BROWSER:
        return not getattr(_thread, "tells", False)
    from pyodide.ffi import can_run_sync

    return bool(can_run_sync())


_thread = threading.local()


def tells_of_results() -> None:
    """This thread is the one that tells of results. If it waited for one, none would come.

    In a browser, code that hears of results cannot pause either.
    """
    _thread.tells = True


def run_sync(awaitable: Awaitable[Any]) -> Any:
    """Pause Python until an awaitable or a promise of JavaScript has its value."""
    from pyodide.ffi import run_sync

    return run_sync(awaitable)


def wakeable() -> tuple[Awaitable[Any], Callable[[], None]]:
    """A promise, and a function that resolves it.

    A promise needs no coroutine, and is resolved without a turn of the event loop.
    """
    woken = _promise_maker()()
    return woken.promise, woken.resolve


@functools.cache
def _promise_maker() -> Callable[[], Any]:
    """JavaScript's function. To look it up takes as long as to call it."""
    from js import Promise

    make: Callable[[], Any] = Promise.withResolvers
    return make


def set_timer(seconds: float, action: Callable[[], None]) -> Callable[[], None]:
    """Call `action` after some seconds; returns a function that cancels the call."""
    from js import clearTimeout, setTimeout

    timer = setTimeout(action, min(seconds, LONGEST) * 1000)
    return lambda: clearTimeout(timer)


def page_asker() -> Any:
    """What asks the page, while Python computes, whether somebody wants it to stop.

    The labextension makes it (`interrupt/asker.ts`). None where there is none.
    """
    if not IN_BROWSER:
        return None
    import js

    return getattr(js, "jupyterlitePoolAsker", None)
