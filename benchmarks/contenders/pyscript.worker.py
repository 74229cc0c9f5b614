"""What a worker of PyScript's offers to its page."""

from typing import Any


def nothing() -> None:
    """Do nothing."""


def length(view: Any) -> int:
    """The length of a buffer that Python has."""
    return len(view.to_bytes())


__export__ = ["nothing", "length"]
