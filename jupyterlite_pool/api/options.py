"""Options that users give, checked before anything is sent."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Iterable


def check_count(name: str, value: object, least: int = 1, *, optional: bool = False) -> None:
    """Raise where a number of things is no whole number, or too small.

    None is right where it is `optional`.
    """
    if value is None and optional:
        return
    try:
        count = operator.index(value)  # type: ignore[arg-type] # that is the question
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {value!r}") from None
    if count < least:
        bound = "greater than 0" if least == 1 else f"at least {least}"
        raise ValueError(f"{name} must be {bound}, not {value}")


def check_seconds(name: str, value: object, *, positive: bool = True) -> None:
    """Raise where a time is no number, or not `positive`; None is always right."""
    if value is None:
        return
    if not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number of seconds, not {value!r}")
    if math.isnan(value) or (positive and not float(value) > 0):
        wanted = "more than 0 seconds" if positive else "a number of seconds"
        raise ValueError(f"{name} must be {wanted}, not {value}")


def check_names(name: str, value: object) -> None:
    """Raise where a list of names is none; a text is a list of letters."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of names, not {value!r}")
