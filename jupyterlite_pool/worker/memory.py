"""Says what an error of memory does not say itself."""

from __future__ import annotations

from contextlib import suppress

from ..tracebacks import add_note, attach


def explain_memory(error: MemoryError, worker: int, used: int) -> None:
    """Say how much memory a worker had when it could get no more, and what to do.

    Args:
        used: bytes of its memory; 0 if that is not known.
    """
    had = "" if not used else f" when it had {_size(used)}"
    text = (
        f"worker {worker} could get no more memory{had}: a browser gives it 4 GB at most, and less "
        "on a small device. Give each item less to do, or `del` what it needs no more. Fewer "
        "workers (`%pool scale N`) leave more room for each."
    )
    with suppress(Exception):  # the class of the error may be the user's
        if str(error):
            add_note(error, text)
        else:
            attach(error, "args", (text,))


def _size(used: int) -> str:
    return f"{used / 2**30:.1f} GB" if used >= 2**30 else f"{used / 2**20:.0f} MB"
