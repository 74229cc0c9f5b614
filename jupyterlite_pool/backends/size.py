"""How many workers a pool has by default, and how many at most.

`labextension/src/pool/size.ts` has the same rules; a test keeps the two equal.
"""

from __future__ import annotations

#: The most workers if the browser does not tell how much memory the device has.
CAP_WITHOUT_MEMORY_HINT = 8

#: A Pyodide worker with some data takes a few hundred MB, and the page needs memory, too.
WORKERS_PER_GIGABYTE = 2


def worker_cap(device_memory: float | None) -> int:
    """The most workers that a device should run.

    Args:
        device_memory: `navigator.deviceMemory`, in gigabytes; None if the browser does not tell.
    """
    if device_memory is None:
        return CAP_WITHOUT_MEMORY_HINT
    return max(1, int(device_memory * WORKERS_PER_GIGABYTE))


def default_size(hardware_concurrency: int | None, device_memory: float | None) -> int:
    """One worker per core, but not more than the cap."""
    return min(max(1, hardware_concurrency or 1), worker_cap(device_memory))
