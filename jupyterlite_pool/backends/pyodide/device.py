"""How many workers this device and the settings of its site allow."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import js

from ...errors import PoolPerformanceWarning
from ..size import default_size, worker_cap

#: How many workers are kept ready to replace others: to start one takes much longer.
SPARES = 1


class Device:
    """The device, and how many workers the site's settings allow on it now."""

    def __init__(self, limit: Callable[[], int | None]) -> None:
        """Describe the device.

        Args:
            limit: tells how many workers all pools of the site may have now; None for no limit.
        """
        self._limit = limit

    def size(self) -> int:
        """How many workers a pool has by default."""
        size = default_size(js.navigator.hardwareConcurrency, _memory())
        limit = self._limit()
        return size if limit is None else min(size, limit)

    def cap(self) -> int | None:
        """How many workers all pools of the site may have, with spares; None for no limit."""
        limit = self._limit()
        return None if limit is None else limit + SPARES

    def within(self, max_workers: int) -> int:
        """As many workers as asked for; with a warning fewer, if fewer are allowed."""
        cap = worker_cap(_memory())
        why = f"this device can carry {cap} workers"
        limit = self._limit()
        if limit is not None and limit < cap:
            cap = limit
            why = f"the setting maxWorkers gives {cap} workers to all notebooks together"
        if max_workers > cap:
            warnings.warn(
                f"{why}: only {cap} of max_workers={max_workers} will start.",
                PoolPerformanceWarning,
                stacklevel=5,
            )
        return min(max_workers, cap)


def _memory() -> float | None:
    """Gigabytes of the device's memory; None if the browser does not tell."""
    memory: float | None = getattr(js.navigator, "deviceMemory", None)
    return memory
