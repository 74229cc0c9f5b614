"""A gate at which tasks wait for a test. It is found by name, so threads of workers share it."""

from __future__ import annotations

import threading

#: It is shut when a unit test begins, and open when it has ended.
GATE = threading.Event()


def wait_at_the_gate(x: int = 0) -> int:
    """Wait until the gate is open, and give the argument back."""
    GATE.wait(30)
    return x


def open_later() -> None:
    """Open the gate in a moment."""
    threading.Timer(0.05, GATE.set).start()
