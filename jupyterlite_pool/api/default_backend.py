"""Who runs the workers where nobody says: the browser; inside a task, the task's own worker."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..backends.base import Backend
from ..errors import PoolStartError
from ..notebook.page import page
from ..worker.context import current_worker


def default_workers() -> int:
    """How many workers a pool has where nobody says; raises PoolStartError outside of a browser."""
    if current_worker() is not None:
        return 1
    _check_browser()
    from ..backends.pyodide.device import Device

    return Device(_site_limit).size()


def browser_backend(max_workers: int | None, packages: Sequence[str]) -> Backend:
    """Workers of this browser; raises PoolStartError outside of one.

    Inside a task, calls run right there, one after the other: a worker has none of its own.
    """
    here = current_worker()
    if here is not None:
        from ..backends.nested import NestedBackend

        return NestedBackend(here)
    _check_browser()
    from ..backends.pyodide.backend import PyodideBackend

    return PyodideBackend(max_workers, packages, _site_limit)


def _check_browser() -> None:
    if sys.platform != "emscripten":
        raise PoolStartError(
            "there are no Pyodide workers outside of a browser. In ordinary Python use "
            "concurrent.futures.ProcessPoolExecutor."
        )


def _site_limit() -> int | None:
    """How many workers the settings of the site allow now."""
    return page.max_workers
