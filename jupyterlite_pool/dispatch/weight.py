"""Warns of functions that take large data along to the workers."""

from __future__ import annotations

import functools
import inspect
import types
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import PoolPerformanceWarning
from ..wire.payload import Encoded, encode
from ..worker.cell_bodies import BackgroundCell, EverywhereCell, ParallelCell

#: A function with this many bytes is heavy: sending them takes longer than anybody expects.
HEAVY = 10 * 2**20


def warn_if_heavy(function: Callable[..., Any], encoded: Encoded) -> None:
    """Warn if a function sends large data with every job, and name the largest part."""
    once = (BackgroundCell, EverywhereCell)  # a worker is sent them for one call
    if encoded.nbytes < HEAVY or isinstance(getattr(function, "__wrapped__", function), once):
        return
    name = getattr(function, "__name__", type(function).__name__)
    weights = {part: _weight(value) for part, value in _parts(function).items()}
    heaviest = max(weights, key=lambda part: weights[part], default=None)
    most = "" if heaviest is None else f", most of them in {heaviest!r}"
    warnings.warn(
        f"the function {name!r} sends {encoded.nbytes / 1e6:.0f} MB with every job{most}. "
        "Send these data once: `executor.put(…)` gives a reference that can stand in their place.",
        PoolPerformanceWarning,
        stacklevel=5,  # the line of the user, who called a method of the executor or `pool_map`
    )


def _parts(function: Callable[..., Any]) -> Mapping[str, Any]:
    """The data that a callable refers to, by the names that its author gave."""
    if isinstance(function, functools.partial):
        places = {f"argument {i}": value for i, value in enumerate(function.args)}
        return {**places, **function.keywords, **_parts(function.func)}
    if isinstance(function, types.MethodType):
        return {"self": function.__self__}
    if isinstance(function, types.FunctionType):
        found = inspect.getclosurevars(function)
        return {**found.globals, **found.nonlocals}
    if isinstance(function, ParallelCell):
        return function.names
    return vars(function) if hasattr(function, "__dict__") else {}


def _weight(value: object) -> int:
    try:
        return encode(value).nbytes
    except Exception:  # it travels in another way: a module by its name, for example
        return 0
