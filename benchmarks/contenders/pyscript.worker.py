"""The functions that a worker of PyScript offers to its page."""

from typing import Any


def nothing() -> None:
    """Do nothing."""


def length(view: Any) -> int:
    """The length of a buffer, as Python sees it."""
    return len(view.to_bytes())


__export__ = ["nothing", "length"]
