"""What CPython's tests ask of a platform, and a browser has not; in the kernel and its workers.

Applied when `test` is imported. None of it is about executors: what the tests say of those, they
say of the package's own.
"""

from __future__ import annotations

import concurrent.futures.process
import importlib
import multiprocessing.context
from typing import Any

from jupyterlite_pool.wire.failure import RemoteTraceback

from .channel import ChannelQueue


def apply() -> None:
    """Let the tests be imported."""
    threads = importlib.import_module("test.support.threading_helper")
    process = concurrent.futures.process
    replaced: list[tuple[object, str, Any]] = [
        # The package of the tests refuses to be imported where threads cannot start.
        (threads, "can_start_thread", True),
        # It asks for semaphores that processes share.
        (process, "_check_system_limits", lambda: None),
        # An internal name, whose class a test compares.
        (process, "_RemoteTraceback", RemoteTraceback),
        (multiprocessing.context.BaseContext, "Queue", lambda self, maxsize=0: ChannelQueue()),
    ]
    for owner, name, value in replaced:
        setattr(owner, name, value)
