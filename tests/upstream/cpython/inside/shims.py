"""Stands in for parts of a platform that CPython's tests ask for and that a browser lacks.

Applied when `test` is imported, in the kernel and in its workers. No part of an executor is
replaced: the tests test the package's own executor.
"""

from __future__ import annotations

import concurrent.futures.process
import importlib
import multiprocessing.context
from typing import Any

from jupyterlite_pool.wire.exceptions import RemoteTraceback

from .channel import ChannelQueue


def apply() -> None:
    """Replace these parts, so that the tests can be imported."""
    threads = importlib.import_module("test.support.threading_helper")
    process = concurrent.futures.process
    replaced: list[tuple[object, str, Any]] = [
        # The tests' package cannot be imported where threads cannot start.
        (threads, "can_start_thread", True),
        # This checks for semaphores that processes share.
        (process, "_check_system_limits", lambda: None),
        # A test compares this internal class.
        (process, "_RemoteTraceback", RemoteTraceback),
        (multiprocessing.context.BaseContext, "Queue", lambda self, maxsize=0: ChannelQueue()),
    ]
    for owner, name, value in replaced:
        setattr(owner, name, value)
