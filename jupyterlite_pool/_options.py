"""Options that users give, checked before anything is sent."""

from __future__ import annotations

import numbers
import operator


def check_count(name: str, value: object, least: int = 1) -> None:
    """Raise where a number of things is no whole number, or too small; None is always right."""
    if value is None:
        return
    try:
        count = operator.index(value)  # type: ignore[arg-type] # that is the question
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {value!r}") from None
    if count < least:
        bound = "greater than 0" if least == 1 else f"at least {least}"
        raise ValueError(f"{name} must be {bound}, not {value}")


def check_seconds(name: str, value: object) -> None:
    """Raise where a time is none, or not more than nothing; None is always right."""
    if value is None:
        return
    if not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number of seconds, not {value!r}")
    if not float(value) > 0:
        raise ValueError(f"{name} must be more than 0 seconds, not {value}")
