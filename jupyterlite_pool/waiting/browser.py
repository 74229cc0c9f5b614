"""What the browser offers to a program that has to wait.

The one place of the engine that speaks with JavaScript: outside of a browser none of it is used.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

#: The longest timer, in seconds: browsers count milliseconds with 31 bits.
LONGEST = 2_000_000.0

#: Whether Python runs in a browser.
IN_BROWSER = sys.platform == "emscripten"


def can_block() -> bool:
    """Whether Python can wait here, and not only `await`."""
    if not IN_BROWSER:
        return True
    from pyodide.ffi import can_run_sync

    return bool(can_run_sync())


def run_sync(awaitable: Awaitable[Any]) -> Any:
    """Pause Python until an awaitable of Python's or a promise of JavaScript's has its value."""
    from pyodide.ffi import run_sync

    return run_sync(awaitable)


def wakeable() -> tuple[Awaitable[Any], Callable[[], None]]:
    """A promise to wait for, and what resolves it: no coroutine, and no turn of the event loop."""
    from js import Promise

    woken = Promise.withResolvers()
    return woken.promise, woken.resolve


def set_timer(seconds: float, action: Callable[[], None]) -> Callable[[], None]:
    """Call `action` after some time; returns what calls it off."""
    from js import clearTimeout, setTimeout

    timer = setTimeout(action, min(seconds, LONGEST) * 1000)
    return lambda: clearTimeout(timer)
