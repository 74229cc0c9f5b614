"""Checks options of users before anything is sent."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Iterable, Mapping
from typing import Any

from ..jobs.options import GROUPINGS
from ..tracebacks import fold


def check_count(name: str, value: object, least: int = 1, *, optional: bool = False) -> None:
    """Check a number of things.

    Args:
        least: the smallest number that is allowed.
        optional: whether None is allowed.

    Raises:
        TypeError: it is no integer.
        ValueError: it is less than `least`.
    """
    if value is None and optional:
        return
    try:
        count = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise fold(TypeError(f"{name} must be an integer, not {value!r}")) from None
    if count < least:
        bound = "greater than 0" if least == 1 else f"at least {least}"
        raise fold(ValueError(f"{name} must be {bound}, not {value}"))


def check_seconds(name: str, value: object, *, positive: bool = True) -> None:
    """Check a time in seconds; None is always allowed.

    Args:
        positive: whether only times above 0 are allowed.

    Raises:
        TypeError: it is no number.
        ValueError: it is not a number (NaN), or not above 0 although it must be.
    """
    if value is None:
        return
    if not isinstance(value, numbers.Real):
        raise fold(TypeError(f"{name} must be a number of seconds, not {value!r}"))
    if math.isnan(value) or (positive and not float(value) > 0):
        wanted = "more than 0 seconds" if positive else "a number of seconds"
        raise fold(ValueError(f"{name} must be {wanted}, not {value}"))


def check_names(name: str, value: object) -> None:
    """Check a list of names.

    Raises:
        TypeError: it is no list; a single text is none, although one can iterate over its letters.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise fold(TypeError(f"{name} must be a list of names, not {value!r}"))


def check_map_options(options: Mapping[str, Any]) -> None:
    """Check those options of `pool_map` that are given.

    Raises:
        TypeError: one of them has a wrong type.
        ValueError: one of them is out of its range.
    """
    for name, least in (("max_workers", 1), ("seed", 0), ("total", 0)):
        check_count(name, options.get(name), least, optional=True)
    chunksize = options.get("chunksize", "auto")
    if chunksize != "auto" and (not isinstance(chunksize, int) or chunksize < 1):
        raise fold(ValueError(f'chunksize must be "auto" or at least 1, not {chunksize!r}'))
    check_seconds("timeout", options.get("timeout"))
    check_seconds("task_timeout", options.get("task_timeout"))
    check_count("retries", options.get("retries", 0), 0)
    grouping = options.get("group_outputs", "order")
    if grouping not in GROUPINGS:
        raise fold(ValueError(f"group_outputs must be one of {GROUPINGS}, not {grouping!r}"))
