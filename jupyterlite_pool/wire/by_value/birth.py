"""Makes a class without the code that runs when somebody defines one.

That code has run where the class was defined: its metaclass, and `__init_subclass__` of its bases.
To run it again would count, register or check twice, and without the arguments that stood in the
class statement.
"""

from __future__ import annotations

import abc
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from cloudpickle import cloudpickle

_HOOK = "__init_subclass__"

#: Bits of `__flags__`: a class that was made while Python ran, and one that nobody can change.
_HEAP_TYPE, _IMMUTABLE_TYPE = 1 << 9, 1 << 8


def can_be_made(cls: type) -> bool:
    """Whether a class was made while Python ran, by a class statement or the like."""
    return _can_change(cls)


def make(kind: type, name: str, bases: tuple[type, ...], layout: dict[str, Any]) -> type:
    """A class with no attributes but those of its layout.

    Args:
        kind: its metaclass.
    """
    hooked = [base for base in _ancestors(bases) if _HOOK in vars(base)]
    sent = [base for base in hooked if not cloudpickle._should_pickle_by_reference(base)]
    try:
        with _without_hooks(sent):
            return _new(kind, name, bases, layout)
    except Exception:
        # The hook of a library may ask for arguments, or for attributes that are not there yet.
        silent = [base for base in hooked if _can_change(base)]
        if len(silent) == len(sent):
            raise
        with _without_hooks(silent):
            return _new(kind, name, bases, layout)


def _new(kind: type, name: str, bases: tuple[type, ...], layout: dict[str, Any]) -> type:
    try:
        made: type = type.__new__(kind, name, bases, dict(layout))
    except TypeError as error:
        if "is not safe" not in str(error):
            raise
    else:
        if issubclass(kind, abc.ABCMeta):
            abc._abc_init(made)  # type: ignore[attr-defined]
        return made
    # A metaclass that is written in C, such as those of ctypes.
    return types.new_class(name, bases, {"metaclass": kind}, lambda space: space.update(layout))


def _ancestors(bases: tuple[type, ...]) -> list[type]:
    return list(dict.fromkeys(base for top in bases for base in top.__mro__ if base is not object))


def _can_change(cls: type) -> bool:
    return bool(cls.__flags__ & _HEAP_TYPE) and not cls.__flags__ & _IMMUTABLE_TYPE


@contextmanager
def _without_hooks(classes: Sequence[type]) -> Iterator[None]:
    """Let the hooks of some classes do nothing for a moment."""
    hooks = [(cls, vars(cls)[_HOOK]) for cls in classes]
    try:
        for cls, _ in hooks:
            type.__setattr__(cls, _HOOK, classmethod(lambda cls, **_: None))
        yield
    finally:
        for cls, hook in hooks:
            type.__setattr__(cls, _HOOK, hook)
