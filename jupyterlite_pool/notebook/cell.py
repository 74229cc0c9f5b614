"""The cell that runs, and the cell in which output appears."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


def current_cell() -> Any:
    """The cell that runs, as the kernel knows it; None outside of a notebook."""
    kernel = _found or _kernel()  # every call to the pool comes here, so it must be quick
    if kernel is None:
        return None
    return kernel.get_parent() if _is_ipykernel(kernel) else kernel._parent_header


@contextmanager
def in_cell(cell: Any) -> Iterator[None]:
    """Show output in this cell, which `current_cell` returned, during the body."""
    kernel = _kernel()
    # In another thread than that of the cells, a stream may still have the header of an older cell.
    here = threading.current_thread() is threading.main_thread()
    if cell is None or kernel is None or (here and current_cell() is cell):
        yield
    elif _is_ipykernel(kernel):
        with _with_parents(kernel, cell):
            yield
    else:
        current, kernel._parent_header = kernel._parent_header, cell
        try:
            yield
        finally:
            kernel._parent_header = current


@contextmanager
def _with_parents(kernel: Any, cell: Any) -> Iterator[None]:
    """Let the streams and the displays of an ordinary kernel show what they get in a cell."""
    shows: tuple[Any, ...] = (sys.stdout, sys.stderr, kernel.shell.display_pub)
    with ExitStack() as afterwards:
        for each in shows:
            if hasattr(each, "set_thread_parent"):
                afterwards.callback(each.reset_thread_parent, each.set_thread_parent(cell))
            elif hasattr(each, "set_parent"):  # an older kernel, where it holds for all threads
                each.set_parent(cell)
                afterwards.callback(_set_back, each, kernel)
        yield


def _set_back(shows: Any, kernel: Any) -> None:
    """Let a stream or a display of an older kernel show what it gets in the cell that runs now."""
    if hasattr(shows, "flush"):
        shows.flush()  # it may send what was written under the header of that moment
    shows.set_parent(kernel.get_parent())


def publish(shown: dict[str, Any]) -> None:
    """Show what a task has displayed; outside of a notebook, print it."""
    kernel = _kernel()
    if kernel is None:
        print(shown["data"].get("text/plain", ""))
        return
    shell = kernel.shell if _is_ipykernel(kernel) else kernel.interpreter
    shell.display_pub.publish(
        shown["data"],
        shown["metadata"],
        transient=shown["transient"],
        update=shown["update"],
    )


def _is_ipykernel(kernel: Any) -> bool:
    """Whether this is the kernel of an ordinary Jupyter; Pyodide's has an `interpreter`."""
    return hasattr(kernel, "get_parent") and not hasattr(kernel, "interpreter")


#: The kernel, once it was found.
_found: Any = None


def _kernel() -> Any:
    """The notebook's kernel; None outside of one."""
    global _found
    if _found is None:
        ipython = sys.modules.get("IPython")
        shell = None if ipython is None else ipython.get_ipython()
        kernel = getattr(shell, "kernel", None)
        known = kernel is not None and (_is_ipykernel(kernel) or hasattr(kernel, "_parent_header"))
        _found = kernel if known else None
    return _found


def current_cell_id() -> str | None:
    """The id of the cell that runs, which it keeps when it runs again; None if nobody says."""
    cell = current_cell()
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    found = metadata.get("cellId") if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else None
