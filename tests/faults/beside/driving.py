"""A fault done to a pool of Python that has other tasks to do; in a kernel, or natively.

`workerpool.js` does the same on a page.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections.abc import Callable
from typing import Any, Protocol

from .tasks import BUSY, TASKS, Unreadable

#: Workers of each pool.
SIZE = 2

#: Tasks that wait or run when the fault happens, and calls that are made when all is over.
OTHERS, NEXT = 20, 10

#: Seconds that a task which loops is given.
LIMIT = 0.25

#: Seconds after which whatever has not ended is said to end never.
NEVER = 10.0

#: Seconds that the last calls may still take then.
REST = 2.0

#: Seconds that a pool may take to start, on a machine that has much else to do.
START = 60.0

#: What became of a call: `at`, seconds; then `value`, or `error`, its class's name, and `message`.
Entry = dict[str, Any]


class Pool(Protocol):
    """What all pools have."""

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Any:
        """Call a function on a worker; a future."""

    def submit_in_time(self, function: Callable[..., Any], limit: float) -> Any:
        """The same with a time limit, where there is such a thing."""


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
                entry["error"] = type(error).__name__ if error else "CancelledError"
                entry["message"] = str(error)
            else:
                entry["value"] = future.result()
            entry["at"] = self.now  # last: it may be another thread that reads this

        try:
            future = submit(*args)
        except Exception as error:
            self.broken |= isinstance(error, concurrent.futures.BrokenExecutor)
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
    """Let a task of this name go wrong."""
    special = {
        "cannot_be_sent": lambda: pool.submit(len, (i for i in range(3))),
        "cannot_be_read": lambda: pool.submit(len, Unreadable()),
        "loops": lambda: pool.submit_in_time(TASKS["loops"], LIMIT),
    }
    return special[name]() if name in special else pool.submit(TASKS[name])


async def start(pool: Pool) -> float:
    """Seconds until both workers of a new pool have answered."""
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
