"""How much memory a process has, and what to do when it gets no more."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress

from ..tracebacks import add_note, attach

#: Why there is no more, where that is known.
_WHY = ": a browser gives it 4 GB at most, and less on a small device"
if sys.platform != "emscripten":
    _WHY = ""


def explain_memory(error: BaseException, worker: int, memory: Callable[[], int]) -> None:
    """Say how much memory a worker had when it could get no more, and what to do.

    Args:
        memory: tells how many bytes of memory the worker has; 0 if that is not known.
    """
    # The class of the error may be the user's, and there may be no memory for words either.
    with suppress(Exception):
        used = memory()
        had = f" when it had {_size(used)}" if used else ""
        text = (
            f"worker {worker} could get no more memory{had}{_WHY}. Give each item less to do, or "
            "`del` what it no longer needs. Fewer workers (`%pool scale N`) leave more room for "
            "each."
        )
        if str(error) or not isinstance(error, MemoryError):
            add_note(error, text)
        else:
            attach(error, "args", (text,))


def memory_of(pid: int) -> int:
    """Bytes of memory that a process of this machine has; 0 if that is not known."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        pass
    try:
        import psutil  # wherever there is no `/proc`, if somebody has installed it

        return int(psutil.Process(pid).memory_info().rss)
    except Exception:
        return 0


def _size(used: int) -> str:
    return f"{used / 2**30:.1f} GB" if used >= 2**30 else f"{used / 2**20:.0f} MB"
