"""Memory of a worker that the notebook's process can read when the worker is gone."""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
from collections.abc import Callable
from typing import TypeVar

from ...worker.result_log import SHARED_BYTES

T = TypeVar("T")


class SharedMemory:
    """A file that two processes have in their memory. Nobody waits until it is on a disk.

    `multiprocessing.shared_memory` would start one more process, to tidy up.
    """

    def __init__(self) -> None:
        handle, self.name = tempfile.mkstemp(prefix="jupyterlite-pool-")
        try:
            os.ftruncate(handle, SHARED_BYTES)
            self._map = mmap.mmap(handle, SHARED_BYTES)
        finally:
            os.close(handle)

    def read(self, reader: Callable[[memoryview], T]) -> T:
        """What a reader makes of it."""
        with memoryview(self._map) as view:
            return reader(view)

    def forget_name(self) -> None:
        """The other process has it: nobody needs its name any more."""
        with contextlib.suppress(OSError):  # Windows keeps the name until both are closed
            os.unlink(self.name)

    def close(self) -> None:
        """Let go of it."""
        self._map.close()
        self.forget_name()
