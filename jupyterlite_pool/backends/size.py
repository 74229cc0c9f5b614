"""How many workers a pool has by default, and how many at most.

The same rule as `labextension/src/pool/limits.ts`; a test keeps the two equal.
"""

from __future__ import annotations

#: What every browser can carry; used where the browser does not tell the device's memory.
CAP_WITHOUT_MEMORY_HINT = 8

#: A Pyodide worker with some data takes a few hundred MB, and the page needs its share.
WORKERS_PER_GIGABYTE = 2


def worker_cap(device_memory: float | None) -> int:
    """The most workers that a device should be asked to run.

    Args:
        device_memory: `navigator.deviceMemory`, in gigabytes; None where the browser has none.
    """
    if device_memory is None:
        return CAP_WITHOUT_MEMORY_HINT
    return max(1, int(device_memory * WORKERS_PER_GIGABYTE))


def default_size(hardware_concurrency: int | None, device_memory: float | None) -> int:
    """One worker per core, as far as the cap allows."""
    return min(max(1, hardware_concurrency or 1), worker_cap(device_memory))
