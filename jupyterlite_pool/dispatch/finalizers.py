"""What a finalizer does to a pool.

Python runs a finalizer where the last reference goes, or in whichever thread collects garbage: in
the midst of anything, with any lock held. One that waits for the pool's lock may wait for a thread
that waits for this one; and if this thread has the lock, it is in the midst of changing the pool.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pool import Pool


def finalize(pool: Pool, action: Callable[[], None]) -> None:
    """Do something that needs the pool's lock: now if no thread has it, else soon, elsewhere."""
    lock = pool.dispatcher.lock
    if lock._is_owned() or not lock.acquire(blocking=False):  # type: ignore[attr-defined]
        with suppress(RuntimeError):  # Python ends, and the workers with it
            pool.backend.call_later(0, action)
        return
    try:
        action()
    finally:
        lock.release()
