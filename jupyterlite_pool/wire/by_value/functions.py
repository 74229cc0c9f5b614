"""Functions of the notebook, sent by value.

cloudpickle does most of it. This adds what it leaves out: closures share the variables that they
have in common, generic functions keep their type parameters, and annotations that name what is not
there do not keep a function from being sent.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from typing import Any

from cloudpickle import cloudpickle

from .anatomy import evaluated_annotations
from .classes import Reduced


class EmptyCell:
    """Stands in a stream for a variable that closures share. Its value comes with their state."""

    def __init__(self, cell: types.CellType) -> None:
        self.cell = cell  # held, so that no other gets its address

    def __reduce__(self) -> Reduced:
        return types.CellType, ()


class Cells:
    """The variables of the closures in one stream."""

    def __init__(self) -> None:
        self._known: dict[int, EmptyCell] = {}

    def stand_ins(self, closure: tuple[types.CellType, ...]) -> tuple[EmptyCell, ...]:
        """What stands for the variables of a closure: the same for the same variable."""
        known = self._known
        return tuple(known.setdefault(id(cell), EmptyCell(cell)) for cell in closure)


def finish(function: types.FunctionType, reduced: Reduced, cells: Cells) -> Reduced:
    """Cloudpickle's recipe of a function, with what it leaves out."""
    make, (code, space, name, defaults, _), (state, slots) = reduced[:3]
    if getattr(function, "__type_params__", ()):
        slots["__type_params__"] = function.__type_params__  # type: ignore[attr-defined]
    for name in names_of_class_bodies(function.__code__):
        if name in function.__globals__:
            slots["__globals__"][name] = function.__globals__[name]
    closure = function.__closure__
    if closure is not None:
        contents = []
        for index, cell in enumerate(closure):
            try:
                contents.append((index, cell.cell_contents))
            except ValueError:  # it is empty
                continue
        slots["__closure__"] = contents
        closure = cells.stand_ins(closure)  # type: ignore[assignment]
    args = (code, space, name, defaults, closure)
    return make, args, (state, slots), None, None, set_function_state


@functools.lru_cache(maxsize=256)
def names_of_class_bodies(code: types.CodeType) -> tuple[str, ...]:
    """Names that the bodies of classes in a function ask for, which may be globals.

    The code of a class body looks names up by instructions that cloudpickle does not look for.
    """
    found: dict[str, None] = {}
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            if not inner.co_flags & inspect.CO_OPTIMIZED:
                found.update(dict.fromkeys(inner.co_names))
            found.update(dict.fromkeys(names_of_class_bodies(inner)))
    return tuple(found)


def set_function_state(function: types.FunctionType, sent: Any) -> None:
    """Give a function what it refers to. Pickle calls this."""
    state, slots = sent
    contents, slots = slots["__closure__"], {**slots, "__closure__": None}
    for index, value in contents or ():
        function.__closure__[index].cell_contents = value  # type: ignore[index]
    cloudpickle._function_setstate(function, (state, slots))


def with_annotations(function: types.FunctionType) -> types.FunctionType:
    """A function whose annotations can be read: itself, or a copy that has them as text."""
    if sys.version_info < (3, 14):
        return function
    try:
        function.__annotations__  # noqa: B018 - Python evaluates them now
    except Exception:
        pass
    else:
        return function
    copy = types.FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__dict__.update(function.__dict__)
    for name in ("__kwdefaults__", "__qualname__", "__module__", "__doc__", "__type_params__"):
        setattr(copy, name, getattr(function, name))
    copy.__annotations__ = evaluated_annotations(function)
    return copy
