"""What CPython's tests ask of a platform, and a browser has not; in the kernel and its workers.

Applied when `test` is imported. None of it is about executors: what the tests say of those, they
say of the package's own.
"""

from __future__ import annotations

import sys
from types import ModuleType


def apply() -> None:
    """Let the tests be imported."""
    # In C, for processes; whoever only imports `concurrent.futures.process` needs nothing of it.
    sys.modules.setdefault("_multiprocessing", ModuleType("_multiprocessing"))
    import concurrent.futures.process as process
    import multiprocessing.context

    from jupyterlite_pool._failure import RemoteTraceback

    from .channel import ChannelQueue

    # It asks for semaphores that processes share.
    process._check_system_limits = lambda: None
    # The class of an internal name, which a test compares.
    process._RemoteTraceback = RemoteTraceback
    multiprocessing.context.BaseContext.Queue = lambda self, maxsize=0: ChannelQueue()

    from test.support import threading_helper

    # The package of the tests refuses to be imported where threads cannot start.
    threading_helper.can_start_thread = True
