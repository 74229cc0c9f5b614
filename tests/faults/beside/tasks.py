"""What tasks do in every pool: in a kernel, in the workers of a page, and in native processes.

It is one source for all, so nothing here is imported that one of them does not have.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

#: Seconds before a task goes wrong: until then the others are there.
PAUSE = 0.01

#: Seconds that each of the others computes: longer, so that none is over by then.
BUSY = 0.02

#: Seconds after its task in which something is thrown.
LATE = 0.02


def busy(seconds: float) -> None:
    """Compute for a while."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def other(seconds: float) -> str:
    """A task that nothing is wrong with; says which worker it ran on."""
    busy(seconds)
    # Process numbers are all the same in some pools of workers.
    return str(vars(sys).setdefault("beside_worker", os.urandom(8).hex()))


def raises() -> NoReturn:
    """Raise."""
    busy(PAUSE)
    raise ValueError("on purpose")


def exits() -> NoReturn:
    """End the interpreter."""
    busy(PAUSE)
    os._exit(7)


def traps() -> bytes:
    """Read memory that is not there."""
    busy(PAUSE)
    return ctypes.string_at(0xFFFFFFF0)


def loops() -> NoReturn:
    """Never end."""
    while True:
        pass


if sys.platform == "emscripten":

    async def closes() -> None:
        """End the worker, with no word to anybody."""
        import asyncio

        import js

        busy(PAUSE)
        js.self.close()
        await asyncio.sleep(3600)

    def throws_late() -> int:
        """Leave behind a timer that throws."""
        import js

        js.eval(f"setTimeout(() => {{ throw new Error('late') }}, {1000 * LATE})")
        return 5

    def fills_memory() -> NoReturn:
        """Take memory until there is none."""
        busy(PAUSE)
        held = []
        while True:
            held.append(bytearray(64 << 20))

else:

    def closes() -> None:
        """End the worker, with no word to anybody."""
        import signal

        busy(PAUSE)
        os.kill(os.getpid(), signal.SIGKILL)

    def throws_late() -> int:
        """Leave behind a timer that throws."""
        timer = threading.Timer(LATE, raises)
        timer.daemon = True
        timer.start()
        return 5

    def fills_memory() -> NoReturn:
        """Take memory until there is none; a process gets as much as a browser gives Python."""
        import resource

        busy(PAUSE)
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, most))
        held = []
        while True:
            held.append(bytearray(64 << 20))


class Unreadable:
    """An argument that raises when it is read."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        source = f"__import__('time').sleep({PAUSE}) or int('not a number')"
        return eval, (source,)


TASKS: dict[str, Callable[..., Any]] = {
    "other": other,
    "raises": raises,
    "exits": exits,
    "traps": traps,
    "closes": closes,
    "loops": loops,
    "throws_late": throws_late,
    "fills_memory": fills_memory,
}
