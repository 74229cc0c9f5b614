"""Says what an error of memory does not say itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from ..tracebacks import add_note, attach


def explain_memory(error: MemoryError, worker: int, memory: Callable[[], int]) -> None:
    """Say how much memory a worker had when it could get no more, and what to do.

    Args:
        memory: tells how many bytes of memory the worker has; 0 if that is not known.
    """
    # The class of the error may be the user's, and there may be no memory for words either.
    with suppress(Exception):
        used = memory()
        had = f" when it had {_size(used)}" if used else ""
        text = (
            f"worker {worker} could get no more memory{had}: a browser gives it 4 GB at most, and "
            "less on a small device. Give each item less to do, or `del` what it needs no more. "
            "Fewer workers (`%pool scale N`) leave more room for each."
        )
        if str(error):
            add_note(error, text)
        else:
            attach(error, "args", (text,))


def _size(used: int) -> str:
    return f"{used / 2**30:.1f} GB" if used >= 2**30 else f"{used / 2**20:.0f} MB"
