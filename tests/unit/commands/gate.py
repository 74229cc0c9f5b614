"""Where tasks of tests wait. What workers share with a test is found by name."""

from __future__ import annotations

import threading

#: Cells wait here for their test.
GATE = threading.Event()

#: Is set by a cell that has come to the gate.
THERE = threading.Event()

#: The source of a cell that waits at the gate.
WAIT = """
from tests.unit.commands.gate import GATE, THERE
THERE.set()
GATE.wait(30)
"""
