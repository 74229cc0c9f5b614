"""The backend of a pool that names none: this browser; inside a task, the task's own worker."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..backends.base import Backend
from ..errors import PoolStartError
from ..notebook.page import page
from ..releases import OLDEST, is_too_old
from ..worker.context import current_worker

if TYPE_CHECKING:
    from ..backends.pyodide.backend import PyodideBackend


def default_workers() -> int:
    """The number of workers of a pool that asks for none.

    Raises:
        PoolStartError: this is no browser, or its Pyodide is too old.
    """
    if current_worker() is not None:
        return 1
    _load_backend()
    from ..backends.pyodide.device import Device

    return Device(_site_limit).size()


def browser_backend(max_workers: int | None, packages: Sequence[str]) -> Backend:
    """Workers of this browser. Inside a task, calls run in the task's own worker, one by one.

    Args:
        max_workers: how many workers; None for as many as the device has cores.
        packages: names of packages that each worker loads in any case.

    Raises:
        PoolStartError: this is no browser, or its Pyodide is too old.
    """
    here = current_worker()
    if here is not None:
        from ..backends.nested import NestedBackend

        return NestedBackend(here)
    return _load_backend()(max_workers, packages, _site_limit)


def _load_backend() -> type[PyodideBackend]:
    """Import the browser's backend; PoolStartError where it cannot work."""
    if sys.platform != "emscripten":
        raise PoolStartError(
            "there are no Pyodide workers outside of a browser. In ordinary Python use "
            "concurrent.futures.ProcessPoolExecutor."
        )
    version = getattr(sys.modules.get("pyodide"), "__version__", "of an unknown release")
    if is_too_old():
        raise PoolStartError(
            f"this kernel runs Pyodide {version}, but jupyterlite-pool needs {OLDEST}."
        )
    try:
        from ..backends.pyodide.backend import PyodideBackend
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("pyodide", "pyodide_js"):
            raise  # Pyodide is not to blame: a package that the pool needs is missing
        raise PoolStartError(
            f"this kernel runs Pyodide {version}, which lacks what jupyterlite-pool needs: {error}."
        ) from error
    return PyodideBackend


def _site_limit() -> int | None:
    """How many workers the settings of the site allow now."""
    return page.max_workers
