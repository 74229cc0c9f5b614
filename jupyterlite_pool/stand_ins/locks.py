"""`Lock` and `RLock` as `multiprocessing` has them, for a notebook and its workers.

They are Web Locks, which the browser has by name. The browser keeps the queue, and when a worker
ends it gives the worker's locks to the next in line.
"""

from __future__ import annotations

import uuid
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ..errors import BlockingUnavailableError
from ..waiting.browser import can_block

#: The longest timer of a browser, in milliseconds. A longer one would end at once.
MAX_TIMER = 2**31 - 1

#: Asks for a lock. Gives a promise of a function that releases the lock, or of nothing if the lock
#: was not free in time; and a function that gives up the question.
_ASK = """
(name, ifAvailable, milliseconds) => {
  const stop = new AbortController();
  const granted = new Promise((grant, fail) => {
    const take = (lock) => (lock === null ? grant() : new Promise((release) => grant(release)));
    const options = ifAvailable ? { ifAvailable } : { signal: stop.signal };
    navigator.locks
      .request(name, options, take)
      .catch((error) => (error.name === "AbortError" ? grant() : fail(error)));
  });
  if (milliseconds !== undefined) {
    setTimeout(() => stop.abort(), milliseconds);
  }
  return {
    granted,
    giveUp() {
      stop.abort();
      granted.then((release) => release?.());
    },
  };
}
"""

#: In each interpreter a name has one object, which counts how often the lock was taken there.
_known: weakref.WeakValueDictionary[str, Lock] = weakref.WeakValueDictionary()

#: Locks that are held here. A later task may release one, even if nobody has its object meanwhile.
_held: set[Lock] = set()


def held_here() -> bool:
    """Whether this interpreter holds a lock."""
    return bool(_held)


class Lock:
    """As `multiprocessing.Lock`: the notebook or one of its workers has it, one at a time.

    It can be sent to workers, also in the arguments of a task, and is the same lock there. When a
    worker ends, its locks are released.
    """

    _recursive = False

    def __init__(self) -> None:
        self._name = f"jupyterlite-pool-lock-{uuid.uuid4()}"
        self._start()

    def _start(self) -> None:
        #: Releases the lock; None while it is not held here.
        self._release: Callable[[], object] | None = None
        self._depth = 0
        _known[self._name] = self

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take the lock.

        Args:
            block: wait if the lock is taken.
            timeout: seconds to wait at most; None for no limit.

        Returns:
            Whether the lock was taken.

        Raises:
            BlockingUnavailableError: this browser cannot pause Python, which even an answer at once
                would need.
        """
        if self._recursive and self._depth:
            self._depth += 1
            return True
        if not can_block():
            raise BlockingUnavailableError("results = await pool_map(f, xs), with no lock in f")
        from pyodide.ffi import run_sync

        at_once = not block or (timeout is not None and timeout <= 0)
        limit = None if at_once or timeout is None else timeout * 1000
        if limit is not None and limit > MAX_TIMER:
            limit = None
        asked = _ask()(self._name, at_once, limit)
        try:
            release = run_sync(asked.granted)
        except BaseException:  # interrupted: nobody would release the lock
            asked.giveUp()
            raise
        if release is None:
            return False
        self._release = release
        self._depth = 1
        _held.add(self)
        return True

    def release(self) -> None:
        """Release the lock. Whoever waits for it elsewhere has it a moment later.

        Raises:
            ValueError: the lock is not held here.
        """
        if not self._depth or self._release is None:
            raise ValueError("semaphore or lock released too many times")
        self._depth -= 1
        if not self._depth:
            release, self._release = self._release, None
            _held.discard(self)
            release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def __reduce__(self) -> tuple[Callable[..., Lock], tuple[type[Lock], str]]:
        return _named, (type(self), self._name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'held' if self._depth else 'not held'} here>"


class RLock(Lock):
    """As `multiprocessing.RLock`: its holder can take it again."""

    _recursive = True


def _named(kind: type[Lock], name: str) -> Lock:
    """The lock of a name, in this interpreter."""
    lock = _known.get(name)
    if lock is None:
        lock = kind.__new__(kind)
        lock._name = name
        lock._start()
    return lock


def _ask() -> Any:
    from pyodide.code import run_js

    return run_js(_ASK)
