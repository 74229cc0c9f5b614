"""What a cell in the background shows in its own cell when it has ended."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from .cell import in_cell


def show_value(cell: Any, value: object) -> None:
    """Show a value in a cell, as a notebook shows the value of a cell."""
    if value is None:
        return
    from IPython.display import display

    # The value is the user's own object, whose looks may fail.
    with in_cell(cell), suppress(Exception):
        display(value)


def show_error(cell: Any, text: str) -> None:
    """Show in a cell how it failed."""
    with in_cell(cell):
        sys.stderr.write(f"{text.rstrip()}\n")
