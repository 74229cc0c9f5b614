"""Workers that are processes of this machine, one for each core.

loky starts the processes, and knows how many cores this process may use. Its executor is not used:
that gives a call to any of its processes, tells of a result at its end alone, and cannot end one
process without all others. A pool has to aim a call at one worker, to stop one task, and to show
what a task prints while it runs. So each worker is one process of loky's, at the end of a pipe.
"""

from __future__ import annotations

import atexit
import os
import weakref

from loky import cpu_count

from ...surroundings.notebook import NotebookSurroundings, SentSurroundings
from ...surroundings.packages import SamePackages
from ..linked import LinkedBackend
from ..links import Link
from .process import WorkerProcess

#: Seconds in which a task may end by itself when it was asked to, before its process is ended.
GRACE = 1.0

_running: weakref.WeakSet[LocalBackend] = weakref.WeakSet()


class LocalBackend(LinkedBackend):
    """Carries batches to processes of this machine.

    Args:
        max_workers: how many; None for one for each core that this process may use.
    """

    def __init__(self, max_workers: int | None = None) -> None:
        super().__init__(cpu_count() if max_workers is None else max_workers, grace=GRACE)
        self._surroundings = NotebookSurroundings(SamePackages())
        self.owner = os.getpid()
        _running.add(self)

    def connect(self, number: int) -> Link:
        """As `LinkedBackend.connect`."""
        return WorkerProcess(self, number)

    def surroundings(self) -> SentSurroundings:
        """As `Backend.surroundings`."""
        return self._surroundings.current()


@atexit.register
def _end_all() -> None:
    """End all workers when this process ends: `multiprocessing` waits for its children then."""
    for backend in list(_running):
        if backend.owner == os.getpid():  # or this is a copy of the process that has started them
            backend.shutdown()
