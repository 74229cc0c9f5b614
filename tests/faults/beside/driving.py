"""Causes a fault in a Python pool that has other tasks; in a kernel, or natively.

`workerpool.js` does the same on a page.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

from .tasks import BUSY, INITIALIZERS, PAUSE, TASKS, Ending, Unreadable, busy

#: The number of workers of each pool.
SIZE = 2

#: How many other tasks wait or run when the fault happens, and how many calls come afterwards.
OTHERS, NEXT = 20, 10

#: The time limit of tasks that loop, in seconds.
LIMIT = 0.25

#: Seconds after the first call during which the caller computes and hears nothing.
DEAF = 0.5

#: Seconds after which a call that has not ended counts as one that never ends.
NEVER = 10.0

#: Seconds that the last calls may take after that.
REST = 2.0

#: Seconds that a pool may take to start, on a busy machine.
START = 60.0

#: The error of a call that its pool has cancelled.
CANCELLED = "CancelledError"

#: The outcome of a call: `at`, the seconds of its end; `value`, or `error`, a class, and `message`.
Entry = dict[str, Any]


class Pool(Protocol):
    """The methods that the driver needs of every pool."""

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Any:
        """Call a function on a worker; the future of the call."""

    def submit_in_time(self, function: Callable[..., Any], limit: float) -> Any:
        """Call a function with a time limit, if the pool has time limits; the future."""

    def stop_worker(self) -> None:
        """Stop the worker that runs the first call which has not ended, by the pool's own means."""

    def vanish_worker(self) -> None:
        """End the same worker as a browser or a system would, so that nobody tells the pool."""

    def vanish_idle(self) -> None:
        """End a worker that has no task, so that nobody tells the pool."""

    def shutdown(self, wait: bool = True) -> None:
        """Take no more calls."""


async def wait_within_a_wait(pool: Pool) -> int:
    """Run two waits at once, which in turn block and await; the number of values."""

    async def inner() -> int:
        futures = [pool.submit(TASKS["other"], BUSY) for _ in range(SIZE)]
        waited = [
            future.result() if i % 2 else await asyncio.wrap_future(future)
            for i, future in enumerate(futures)
        ]
        return len(waited)

    return sum(await asyncio.gather(inner(), inner()))


def in_time(name: str) -> Callable[[Pool], Any]:
    """A function that calls a task with a time limit."""
    return lambda pool: pool.submit_in_time(TASKS[name], LIMIT)


#: How to call the task of a fault, if not without arguments.
CALLS: dict[str, Callable[[Pool], Any]] = {
    **{name: in_time(name) for name in ("loops", "loops_in_c", "loops_in_a_regex")},
    "cannot_be_sent": lambda pool: pool.submit(len, (i for i in range(3))),
    "cannot_be_read": lambda pool: pool.submit(len, Unreadable()),
    "ends_its_reader": lambda pool: pool.submit(len, Ending()),
    "waits_within_a_wait": lambda pool: asyncio.ensure_future(wait_within_a_wait(pool)),
}

#: For faults from outside: the seconds after the call, and the action.
OUTSIDE: dict[str, tuple[float, Callable[[Pool], object]]] = {
    "talks_on": (PAUSE, lambda pool: pool.stop_worker()),
    "vanishes": (PAUSE, lambda pool: pool.vanish_worker()),
    "dies_while_the_notebook_computes": (0, lambda _: busy(DEAF)),
    "is_shut_down": (PAUSE, lambda pool: pool.shutdown(wait=False)),
}


class Account:
    """Calls to a pool, and the outcome of each."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        #: Whether the pool has refused a call; then it refuses all later calls, too.
        self.broken = False

    @property
    def now(self) -> float:
        """Seconds since this account was made."""
        return time.perf_counter() - self._began

    def follow(self, submit: Callable[..., Any], *args: Any) -> Entry:
        """Make a call and record its outcome; the record."""
        entry: Entry = {"at": None, "value": None, "error": None, "message": None}

        def done(future: Any) -> None:
            error = None if future.cancelled() else future.exception()
            if future.cancelled() or error is not None:
                entry["error"] = type(error).__name__ if error else CANCELLED
                entry["message"] = str(error)
            else:
                entry["value"] = future.result()
            entry["at"] = self.now  # last, because another thread may read this

        try:
            future = submit(*args)
        except Exception as error:
            # A broken pool raises a subclass of the error that a closed pool raises.
            self.broken |= isinstance(error, RuntimeError)
            entry.update(error=type(error).__name__, message=str(error), at=self.now)
        else:
            future.add_done_callback(done)
        return entry

    def others(self, pool: Pool, count: int) -> list[Entry]:
        """Submit this many tasks that have no fault; their records."""
        return [self.follow(pool.submit, TASKS["other"], BUSY) for _ in range(count)]

    async def until(self, condition: Callable[[], object], seconds: float) -> bool:
        """Wait for a condition, for some seconds at most; whether it came true."""
        deadline = self.now + seconds
        while not condition():
            if self.now > deadline:
                return False
            await asyncio.sleep(0.005)
        return True


def ended(entries: list[Entry]) -> bool:
    """Whether all calls have ended."""
    return all(entry["at"] is not None for entry in entries)


def heard(entries: list[Entry], since: float = 0) -> int:
    """The number of workers that have given values since an instant."""
    good = (e for e in entries if e["at"] is not None and e["error"] is None and e["at"] >= since)
    return len({entry["value"] for entry in good})


async def keep_calling(
    account: Account, pool: Pool, calls: list[Entry], since: float, limit: float
) -> None:
    """Make calls, one per worker at a time, until both workers have given values.

    Args:
        account: records the calls.
        pool: the pool to call.
        calls: the records of calls, to which new ones are added.
        since: the instant from which values count.
        limit: seconds after `since` at which to give up; a broken pool is given up at once.
    """

    def both() -> bool:
        if heard(calls, since) < SIZE and ended(calls):
            calls.extend(account.others(pool, SIZE))
        return heard(calls, since) >= SIZE or account.broken

    await account.until(both, since + limit - account.now)


def act(pool: Pool, name: str) -> Any:
    """Cause the fault of this name; the future of its task."""
    if name == "ends_between_tasks":
        pool.vanish_idle()
    if name in OUTSIDE:
        seconds, does = OUTSIDE[name]
        asyncio.get_running_loop().call_later(seconds, does, pool)
    return CALLS[name](pool) if name in CALLS else pool.submit(TASKS[name])


async def start(pool: Pool, name: str) -> float | None:
    """Seconds until both workers of a new pool have answered; None if its initializer raises."""
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
    """Cause a fault in a pool that has started; the outcomes of all calls.

    Args:
        pool: the pool.
        name: the name of the fault.
        instant: seconds from the call to the fault; None if the fault counts from the task's end.
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
    await account.until(lambda: ended(calls), REST)  # or they would delay the next calls
    later = account.others(pool, NEXT)
    await account.until(lambda: ended(later), NEVER)
    return {
        "instant": instant,
        "faulty": faulty,
        "others": others,
        "calls": calls,
        "next": later,
    }
