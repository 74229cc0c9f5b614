"""`Lock` and `RLock` as `multiprocessing` has them, for a notebook and its workers.

The browser has such locks, by name: Web Locks. It keeps the queue, and gives the lock of a worker
that has ended to the next in line.
"""

from __future__ import annotations

import uuid
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ..errors import BlockingUnavailableError
from ..waiting.browser import can_block

#: A browser takes a longer time for none at all.
MAX_TIMER = 2**31 - 1

#: Asks for a lock: gives a promise of what releases it, or of nothing where it was not to be had in
#: time; and a way to ask no more.
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

#: One object a name in each interpreter: that is what counts how often a lock was taken there.
_known: weakref.WeakValueDictionary[str, Lock] = weakref.WeakValueDictionary()

#: A lock that is held stays so when nobody has its object any more: a later task may give it back.
_held: set[Lock] = set()


class Lock:
    """As `multiprocessing.Lock`: of a notebook and its workers, one at a time has it.

    Sent to a worker it is the same lock, in the arguments of a task, too. A worker that ends gives
    back what it has.
    """

    _recursive = False

    def __init__(self) -> None:
        self._name = f"jupyterlite-pool-lock-{uuid.uuid4()}"
        self._start()

    def _start(self) -> None:
        #: What gives the lock back, while it is held here.
        self._release: Callable[[], object] | None = None
        self._depth = 0
        _known[self._name] = self

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take the lock.

        Args:
            block: wait for it where it is taken.
            timeout: seconds to wait at most.

        Returns:
            Whether it was to be had.

        Raises:
            BlockingUnavailableError: this browser cannot wait, not even for its answer.
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
        except BaseException:  # interrupted: the lock must not go to nobody
            asked.giveUp()
            raise
        if release is None:
            return False
        self._release = release
        self._depth = 1
        _held.add(self)
        return True

    def release(self) -> None:
        """Give the lock back; who waits for it elsewhere has it a moment later.

        Raises:
            ValueError: it is not held here.
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
    """As `multiprocessing.RLock`: whoever has it can take it again."""

    _recursive = True


def _named(kind: type[Lock], name: str) -> Lock:
    """The lock of that name, in this interpreter."""
    lock = _known.get(name)
    if lock is None:
        lock = kind.__new__(kind)
        lock._name = name
        lock._start()
    return lock


def _ask() -> Any:
    from pyodide.code import run_js

    return run_js(_ASK)
