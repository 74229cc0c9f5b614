"""What a finalizer does to a pool.

Python runs a finalizer where the last reference goes, or in whichever thread collects garbage: in
the midst of anything, with any lock held. One that waits for the pool's lock may wait for a thread
that waits for this one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pool import Pool


def finalize(pool: Pool, action: Callable[[], None]) -> None:
    """Do something that needs the pool's lock: now if nobody has it, else soon, elsewhere."""
    lock = pool.dispatcher.lock
    if not lock.acquire(blocking=False):
        pool.backend.call_later(0, action)
        return
    try:
        action()
    finally:
        lock.release()
