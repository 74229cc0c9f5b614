"""The tasks for every pool: in a kernel, in the workers of a page, and in native processes.

All of these run this one source, so it imports only modules that all of them have.
"""

from __future__ import annotations

import ctypes
import functools
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

#: Seconds before a task goes wrong: by then the other tasks are submitted.
PAUSE = 0.01

#: Seconds that each of the other tasks computes: longer, so that none has ended by then.
BUSY = 0.02

#: Seconds after the end of its task at which an error is thrown.
LATE = 0.02

#: The result that a task forges. It is no pickle.
JUNK = "forged"


def busy(seconds: float) -> None:
    """Compute for a while."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def other(seconds: float) -> str:
    """A task without a fault; the name of the worker that ran it."""
    busy(seconds)
    # A random name, because in some pools all workers have the same process number.
    return str(vars(sys).setdefault("beside_worker", os.urandom(8).hex()))


def raises(kind: type[BaseException]) -> NoReturn:
    """Raise."""
    busy(PAUSE)
    raise kind("on purpose")


def exits() -> NoReturn:
    """End the interpreter."""
    busy(PAUSE)
    os._exit(7)


def aborts() -> NoReturn:
    """Let C end the interpreter."""
    busy(PAUSE)
    os.abort()


def traps() -> bytes:
    """Read memory that is not there."""
    busy(PAUSE)
    return ctypes.string_at(0xFFFFFFF0)


def overflows() -> object:
    """Recurse until the stack of C overflows."""
    busy(PAUSE)
    values: Iterator[int] = iter([1])
    for _ in range(100_000):
        values = map(abs, values)
    return next(values)


def recurses() -> NoReturn:
    """Recurse for ever in Python."""
    busy(PAUSE)

    def again() -> NoReturn:
        again()

    again()


def returns_what_is_too_deep() -> list[Any]:
    """Return lists in each other, too deep to be pickled."""
    busy(PAUSE)
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


def loops() -> NoReturn:
    """Never end."""
    while True:
        pass


def loops_in_c() -> int:
    """Never end, and never come back to Python."""
    return sum(range(10**12))


def loops_in_a_regex() -> object:
    """Never end, in one match."""
    return re.match(r"(a+)+$", "a" * 40 + "b")


def talks_on() -> NoReturn:
    """Print the number of this process for ever."""
    while True:
        print(os.getpid(), flush=True)


if sys.platform == "emscripten":

    async def closes() -> None:
        """End the worker, with no word to anybody."""
        import asyncio

        import js

        busy(PAUSE)
        js.self.close()
        await asyncio.sleep(3600)

    async def sleeps() -> None:
        """Wait for the worker's end."""
        import asyncio

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

    def forges() -> None:
        """Post junk as the result of each call number that may be its own."""
        import js

        busy(PAUSE)
        answer = f"postMessage({{ id, result: {JUNK!r}, error: null }})"
        js.eval(f"for (let id = 0; id < 1000; id++) {answer}")

else:

    def closes() -> None:
        """End the worker, with no word to anybody."""
        import signal

        busy(PAUSE)
        os.kill(os.getpid(), signal.SIGKILL)

    def sleeps() -> None:
        """Print the number of this process, and wait for its end."""
        print(os.getpid(), flush=True)
        time.sleep(3600)

    def throws_late() -> int:
        """Leave behind a timer that throws."""
        timer = threading.Timer(LATE, raises, [ValueError])
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

    def forges() -> None:
        """Write junk into the pipe of all results."""
        busy(PAUSE)
        frame: Any = sys._getframe()
        while "result_queue" not in frame.f_locals:
            frame = frame.f_back
        queue = frame.f_locals["result_queue"]
        with queue._wlock:
            queue._writer.send_bytes(JUNK.encode())


class Unreadable:
    """An object that raises when it is unpickled."""

    then = "int('not a number')"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return eval, (f"__import__('time').sleep({PAUSE}) or {self.then}",)


class Ending(Unreadable):
    """An object that ends the process or worker that unpickles it."""

    then = "__import__('os')._exit(7)"


def prepare() -> NoReturn:
    """An initializer that raises."""
    raise LookupError("no data here")


#: Initializers of pools, by fault.
INITIALIZERS: dict[str, Callable[[], object]] = {"cannot_start": prepare}

#: Tasks by fault.
TASKS: dict[str, Callable[..., Any]] = {
    "other": other,
    "raises": functools.partial(raises, ValueError),
    "raises_system_exit": functools.partial(raises, SystemExit),
    "raises_keyboard_interrupt": functools.partial(raises, KeyboardInterrupt),
    "exits": exits,
    "aborts": aborts,
    "traps": traps,
    "overflows": overflows,
    "recurses": recurses,
    "returns_what_is_too_deep": returns_what_is_too_deep,
    "fills_memory": fills_memory,
    "loops": loops,
    "loops_in_c": loops_in_c,
    "loops_in_a_regex": loops_in_a_regex,
    "talks_on": talks_on,
    "closes": closes,
    "vanishes": sleeps,
    "throws_late": throws_late,
    "ends_between_tasks": functools.partial(other, BUSY),
    "returns_what_cannot_be_read": Unreadable,
    "forges": forges,
    "dies_while_the_notebook_computes": exits,
    "is_shut_down": functools.partial(other, BUSY),
    "cannot_start": functools.partial(other, BUSY),
}
