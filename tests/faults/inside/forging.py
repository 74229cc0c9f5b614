"""A task that sends messages in the name of its worker."""

from __future__ import annotations

from typing import Any


def forge(kind: str) -> None:
    """Post forged results: of a batch that nobody has sent, or of the own batch, but no pickle."""
    import gc

    from jupyterlite_pool.worker.entry import JsPort

    [port] = [found for found in gc.get_objects() if isinstance(found, JsPort)]
    batch = 10**6 if kind == "batch" else _own_batch()
    payload = b"\x00" * 40 if kind == "payload" else b""
    port.result(batch, payload, [], False)
    port.result(batch, b"\x00" * 30, [], False)


def _own_batch() -> int:
    """The number of the batch that this worker runs."""
    import sys

    frame: Any = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "run" and "batch" in frame.f_locals:
            return int(frame.f_locals["batch"])
        frame = frame.f_back
    raise LookupError("there is none")
