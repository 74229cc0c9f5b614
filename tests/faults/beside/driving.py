"""A fault done to a pool of Python that has other tasks to do; in a kernel, or natively.

`workerpool.js` does the same on a page.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

from .tasks import BUSY, INITIALIZERS, PAUSE, TASKS, Ending, Unreadable, busy

#: Workers of each pool.
SIZE = 2

#: Tasks that wait or run when the fault happens, and calls that are made when all is over.
OTHERS, NEXT = 20, 10

#: Seconds that a task which loops is given.
LIMIT = 0.25

#: Seconds from the first call that the caller computes, and hears nothing.
DEAF = 0.5

#: Seconds after which whatever has not ended is said to end never.
NEVER = 10.0

#: Seconds that the last calls may still take then.
REST = 2.0

#: Seconds that a pool may take to start, on a machine that has much else to do.
START = 60.0

#: The error of a call that its pool has called off.
CANCELLED = "CancelledError"

#: What became of a call: `at`, seconds; then `value`, or `error`, its class's name, and `message`.
Entry = dict[str, Any]


class Pool(Protocol):
    """What all pools have."""

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Any:
        """Call a function on a worker; a future."""

    def submit_in_time(self, function: Callable[..., Any], limit: float) -> Any:
        """The same with a time limit, where there is such a thing."""

    def stop_worker(self) -> None:
        """End the worker that runs the first call which has not ended, as its owner would."""

    def vanish_worker(self) -> None:
        """The same, but as a browser or a system would: nobody tells the pool."""

    def vanish_idle(self) -> None:
        """End a worker that has nothing to do, and tell nobody."""

    def shutdown(self, wait: bool = True) -> None:
        """Take no more calls."""


async def wait_within_a_wait(pool: Pool) -> int:
    """Wait twice at once, in turn with and without giving way; how many values came."""

    async def inner() -> int:
        futures = [pool.submit(TASKS["other"], BUSY) for _ in range(SIZE)]
        waited = [
            future.result() if i % 2 else await asyncio.wrap_future(future)
            for i, future in enumerate(futures)
        ]
        return len(waited)

    return sum(await asyncio.gather(inner(), inner()))


def in_time(name: str) -> Callable[[Pool], Any]:
    """Call a task with a time limit."""
    return lambda pool: pool.submit_in_time(TASKS[name], LIMIT)


#: The task of a fault is called with no arguments; otherwise, how.
CALLS: dict[str, Callable[[Pool], Any]] = {
    **{name: in_time(name) for name in ("loops", "loops_in_c", "loops_in_a_regex")},
    "cannot_be_sent": lambda pool: pool.submit(len, (i for i in range(3))),
    "cannot_be_read": lambda pool: pool.submit(len, Unreadable()),
    "ends_its_reader": lambda pool: pool.submit(len, Ending()),
    "waits_within_a_wait": lambda pool: asyncio.ensure_future(wait_within_a_wait(pool)),
}

#: What is done from outside, and how many seconds after the call.
OUTSIDE: dict[str, tuple[float, Callable[[Pool], object]]] = {
    "talks_on": (PAUSE, lambda pool: pool.stop_worker()),
    "vanishes": (PAUSE, lambda pool: pool.vanish_worker()),
    "dies_while_the_notebook_computes": (0, lambda _: busy(DEAF)),
    "is_shut_down": (PAUSE, lambda pool: pool.shutdown(wait=False)),
}


class Account:
    """Calls to a pool, and what became of each."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        #: Whether the pool has refused a call, since it will never run another one.
        self.broken = False

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self._began

    def follow(self, submit: Callable[..., Any], *args: Any) -> Entry:
        """Make a call, and note what becomes of it."""
        entry: Entry = {"at": None, "value": None, "error": None, "message": None}

        def done(future: Any) -> None:
            error = None if future.cancelled() else future.exception()
            if future.cancelled() or error is not None:
                entry["error"] = type(error).__name__ if error else CANCELLED
                entry["message"] = str(error)
            else:
                entry["value"] = future.result()
            entry["at"] = self.now  # last: it may be another thread that reads this

        try:
            future = submit(*args)
        except Exception as error:
            # One that is broken raises a subclass of what one that is shut down raises.
            self.broken |= isinstance(error, RuntimeError)
            entry.update(error=type(error).__name__, message=str(error), at=self.now)
        else:
            future.add_done_callback(done)
        return entry

    def others(self, pool: Pool, count: int) -> list[Entry]:
        """Let so many tasks come that nothing is wrong with."""
        return [self.follow(pool.submit, TASKS["other"], BUSY) for _ in range(count)]

    async def until(self, condition: Callable[[], object], seconds: float) -> bool:
        """Wait for something, but not for ever; whether it came."""
        deadline = self.now + seconds
        while not condition():
            if self.now > deadline:
                return False
            await asyncio.sleep(0.005)
        return True


def ended(entries: list[Entry]) -> bool:
    """Whether all of them have an end."""
    return all(entry["at"] is not None for entry in entries)


def heard(entries: list[Entry], since: float = 0) -> int:
    """Of how many workers there were values since an instant."""
    good = (e for e in entries if e["at"] is not None and e["error"] is None and e["at"] >= since)
    return len({entry["value"] for entry in good})


async def keep_calling(
    account: Account, pool: Pool, calls: list[Entry], since: float, limit: float
) -> None:
    """Call until both workers were heard of since an instant, one call a worker at a time.

    Until the limit, and no longer if the pool is broken.
    """

    def both() -> bool:
        if heard(calls, since) < SIZE and ended(calls):
            calls.extend(account.others(pool, SIZE))
        return heard(calls, since) >= SIZE or account.broken

    await account.until(both, since + limit - account.now)


def act(pool: Pool, name: str) -> Any:
    """Let a fault of this name happen; the future of its task."""
    if name == "ends_between_tasks":
        pool.vanish_idle()
    if name in OUTSIDE:
        seconds, does = OUTSIDE[name]
        asyncio.get_running_loop().call_later(seconds, does, pool)
    return CALLS[name](pool) if name in CALLS else pool.submit(TASKS[name])


async def start(pool: Pool, name: str) -> float | None:
    """Seconds until both workers of a new pool have answered; None where they never will."""
    if name in INITIALIZERS:
        return None
    account = Account()
    calls: list[Entry] = []
    await keep_calling(account, pool, calls, 0, START)
    assert heard(calls) == SIZE, calls
    seconds = account.now
    await account.until(lambda: ended(calls), NEVER)
    return seconds


async def drive(pool: Pool, name: str, instant: float | None) -> dict[str, Any]:
    """Do a fault to a pool whose workers are there, and tell what became of all calls.

    Args:
        instant: seconds from the call to the fault; None where the task's end tells it.
    """
    account = Account()
    faulty = account.follow(act, pool, name)
    others = account.others(pool, OTHERS)
    calls = list(others)
    if instant is None:
        await account.until(lambda: ended([faulty]), 3 * NEVER)
        instant = account.now
    await keep_calling(account, pool, calls, instant, NEVER)
    await account.until(lambda: ended([faulty, *others]), instant + NEVER - account.now)
    await account.until(lambda: ended(calls), REST)  # or else they would be before the next
    later = account.others(pool, NEXT)
    await account.until(lambda: ended(later), NEVER)
    return {
        "instant": instant,
        "faulty": faulty,
        "others": others,
        "calls": calls,
        "next": later,
    }
