"""The cell that runs, and the cell in which output appears."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def current_cell() -> Any:
    """The cell that runs, as the kernel knows it; None outside of a notebook."""
    kernel = _found or _kernel()  # every call to the pool comes here, so it must be quick
    return None if kernel is None else kernel._parent_header


@contextmanager
def in_cell(cell: Any) -> Iterator[None]:
    """Show output in this cell, which `current_cell` returned, during the body."""
    kernel = _kernel()
    if cell is None or kernel is None or kernel._parent_header is cell:
        yield
        return
    current, kernel._parent_header = kernel._parent_header, cell
    try:
        yield
    finally:
        kernel._parent_header = current


def publish(shown: dict[str, Any]) -> None:
    """Show what a task has displayed; outside of a notebook, print it."""
    kernel = _kernel()
    if kernel is None:
        print(shown["data"].get("text/plain", ""))
        return
    kernel.interpreter.display_pub.publish(
        shown["data"],
        shown["metadata"],
        transient=shown["transient"],
        update=shown["update"],
    )


#: The kernel, once it was found.
_found: Any = None


def _kernel() -> Any:
    """The notebook's kernel; None outside of one."""
    global _found
    if _found is None:
        ipython = sys.modules.get("IPython")
        shell = None if ipython is None else ipython.get_ipython()
        kernel = getattr(shell, "kernel", None)
        _found = kernel if hasattr(kernel, "_parent_header") else None
    return _found


def current_cell_id() -> str | None:
    """The id of the cell that runs, which it keeps when it runs again; None if nobody says."""
    cell = current_cell()
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    found = metadata.get("cellId") if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else None
