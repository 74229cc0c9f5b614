"""The state of a process that a cell may change beside its variables."""

from __future__ import annotations

import functools
import os
import random
import sys
from collections.abc import Mapping
from typing import Any

RANDOM = "the random numbers that all cells share"


def of_process() -> dict[str, Any]:
    """What cells of one notebook share, by what it is for people."""
    return {
        "the current folder": os.getcwd(),
        "the environment's variables": dict(os.environ),
        "`sys.path`": list(sys.path),
        RANDOM: (random.getstate(), _numpys_random()),
        **{f"settings of `{name}`": each for name, each in of_modules().items()},
    }


def of_modules() -> dict[str, Any]:
    """Settings of modules that are loaded, by the module. They compare by value."""
    found: dict[str, Any] = {}
    decimal = sys.modules.get("decimal")
    if decimal is not None:
        now = decimal.getcontext()
        traps = sorted(kind.__name__ for kind, on in now.traps.items() if on)
        parts = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")
        found["decimal"] = (*(getattr(now, part) for part in parts), *traps)
    numpy: Any = sys.modules.get("numpy")
    if hasattr(numpy, "get_printoptions"):
        found["numpy"] = repr((numpy.get_printoptions(), numpy.geterr()))
    pandas = sys.modules.get("pandas")
    options = getattr(pandas, "options", None)
    if options is not None:
        found["pandas"] = repr(_plain(options.d))
    return found


def _plain(options: Any) -> Any:
    return {k: _plain(v) if isinstance(v, Mapping) else v for k, v in sorted(options.items())}


def _numpys_random() -> Any:
    """The state of numpy's generator; None if nobody has used it since it was made."""
    numpy: Any = sys.modules.get("numpy.random")
    if not hasattr(numpy, "get_state"):
        return None
    kind, keys, place, *rest = numpy.get_state()
    return None if place == _first_place() else (kind, keys.tobytes(), place, *rest)


@functools.cache
def _first_place() -> int:
    """The place in the state of numpy's generator before its first number."""
    numpy: Any = sys.modules["numpy.random"]
    return int(numpy.RandomState().get_state()[2])
