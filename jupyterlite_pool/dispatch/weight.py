"""What a function takes along to the workers, where that is much."""

from __future__ import annotations

import functools
import inspect
import types
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import PoolPerformanceWarning
from ..wire.payload import Encoded, encode
from ..worker.parallel_cell import ParallelCell

#: Bytes from which on a function is heavy: its job spends more time on them than anybody expects.
HEAVY = 10 * 2**20


def warn_if_heavy(function: Callable[..., Any], encoded: Encoded) -> None:
    """Warn of a function that takes something large along with every job, and name it."""
    if encoded.nbytes < HEAVY:
        return
    name = getattr(function, "__name__", type(function).__name__)
    weights = {part: _weight(value) for part, value in _parts(function).items()}
    heaviest = max(weights, key=lambda part: weights[part], default=None)
    most = "" if heaviest is None else f", most of them in {heaviest!r}"
    warnings.warn(
        f"the function {name!r} takes {encoded.nbytes / 1e6:.0f} MB along with every job{most}. "
        "Send it once: `executor.put(…)` gives a reference that can stand in its place.",
        PoolPerformanceWarning,
        stacklevel=5,
    )


def _parts(function: Callable[..., Any]) -> Mapping[str, Any]:
    """What a callable refers to, by the names that its author gave."""
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
    except Exception:  # it goes along in another way, a module by its name for example
        return 0
