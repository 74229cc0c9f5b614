"""The browser's pool; elsewhere, the error that says what there is instead."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .backends import Backend
from .errors import PoolStartError


def default_workers() -> int:
    """How many workers a pool has where nobody says; raises PoolStartError outside of a browser."""
    _check_browser()
    from .backends.pyodide import device_size

    return device_size()


def browser_backend(max_workers: int | None, packages: Sequence[str]) -> Backend:
    """Workers of this browser; raises PoolStartError outside of one."""
    _check_browser()
    from .backends.pyodide import PyodideBackend

    return PyodideBackend(max_workers, packages)


def _check_browser() -> None:
    if sys.platform != "emscripten":
        raise PoolStartError(
            "there are no Pyodide workers outside of a browser. In ordinary Python use "
            "concurrent.futures.ProcessPoolExecutor."
        )
