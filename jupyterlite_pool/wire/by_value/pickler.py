"""The pickler that sends by value what workers cannot find by name."""

from __future__ import annotations

import builtins
import contextvars
import dataclasses
import enum
import functools
import io
import pickle
import sys
import types
import typing
import weakref
from collections.abc import Callable
from typing import Any

from cloudpickle import cloudpickle

from ...releases import LAZY_IMPORT
from . import descriptors, typing_forms
from .birth import can_be_made
from .classes import Reduced, reduce_class
from .code import reduce_code
from .enums import reduce_member
from .functions import Cells, EmptyCell, finish, with_annotations
from .variables import reduce_context_variable


class ByValuePickler(cloudpickle.CloudPickler):  # type: ignore[misc]
    """cloudpickle's pickler, for more kinds of objects, and with classes that can change.

    Attributes:
        updates: whether the receiver brings classes that it knows to the state that they have now.
    """

    updates = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cells = Cells()

    def reducer_override(self, obj: Any) -> Any:
        """As in `pickle.Pickler`, which calls this for most objects."""
        kind = type(obj)
        reduce = _EXACT.get(kind)
        if reduce is not None:
            return reduce(obj)
        if kind is types.FunctionType:
            return self._reduce_function(obj)
        if issubclass(kind, type):
            return self._reduce_class(obj)
        if issubclass(kind, _HAVE_SUBCLASSES):
            return _reduce_special(obj, kind)
        if obj is sys.stdout or obj is sys.stderr:
            return getattr, (sys, "stdout" if obj is sys.stdout else "stderr")
        return self._reduce_instance(obj, kind)

    def _reduce_instance(self, obj: Any, kind: type) -> Any:
        """What becomes of all other objects: pickle knows how to ask them."""
        return NotImplemented

    def _reduce_class(self, cls: type) -> Any:
        if vars(builtins).get(cls.__qualname__) is cls:
            return NotImplemented
        if not can_be_made(cls):
            return super().reducer_override(cls)
        if goes_by_name(cls):
            return NotImplemented
        return self._recipe_of_class(cls)

    def _recipe_of_class(self, cls: type) -> Reduced:
        return reduce_class(cls, self.updates)

    def _reduce_function(self, function: types.FunctionType) -> Any:
        if goes_by_name(function):
            return NotImplemented
        return self._recipe_of_function(function)

    def _recipe_of_function(self, function: types.FunctionType) -> Reduced:
        if descriptors.is_chooser(function):
            return descriptors.reduce_chooser(function)
        function = with_annotations(function)
        return finish(function, self._dynamic_function_reduce(function), self._cells)


def goes_by_name(obj: type | types.FunctionType) -> bool:
    """Whether a worker finds a class or function by its module and name."""
    module = obj.__module__
    if module == "__main__":  # no worker finds what is there
        return False
    space = getattr(sys.modules.get(module), "__dict__", {})
    if space.get(obj.__qualname__) is obj and not cloudpickle.list_registry_pickle_by_value():
        return True
    return cloudpickle._should_pickle_by_reference(obj)  # type: ignore[no-any-return]


def _refuse_file(obj: io.TextIOWrapper) -> Any:
    raise pickle.PicklingError(f"cannot pickle {obj!r}")


def _reduce_weak_dictionary(obj: Any) -> Reduced:
    return type(obj), (dict(obj),)


def _itself(obj: Any) -> Any:
    return obj


def _reduce_lazy_import(obj: Any) -> Reduced:
    """A recipe of what a lazy import stands for, which is imported for that."""
    return _itself, (obj.resolve(),)


def _reduce_by_name(obj: Any) -> Reduced:
    """A recipe of an object of which a module has the only one."""
    return getattr, (sys.modules[type(obj).__module__], _ONLY_ONES[type(obj)])


#: Objects that are compared by `is`, by their types: their names in the modules of these.
_ONLY_ONES = {
    type(dataclasses.MISSING): "MISSING",
    type(dataclasses.KW_ONLY): "KW_ONLY",
    type(dataclasses._HAS_DEFAULT_FACTORY): "_HAS_DEFAULT_FACTORY",  # type: ignore[attr-defined]
}

#: Reducers of types that may have subclasses; first those that could be subclasses of others.
_BY_BASE: list[tuple[type, Callable[[Any], Any]]] = [
    (enum.Enum, reduce_member),
    (property, descriptors.reduce_property),
    (classmethod, descriptors.reduce_method),
    (staticmethod, descriptors.reduce_method),
    (functools.cached_property, descriptors.reduce_cached_property),
    (functools.singledispatchmethod, descriptors.reduce_method_chooser),
    (functools.partial, descriptors.reduce_partial),
    (functools.partialmethod, descriptors.reduce_partial_method),
]

_HAVE_SUBCLASSES = tuple(base for base, _ in _BY_BASE)


def _reduce_special(obj: Any, kind: type) -> Any:
    if issubclass(kind, (enum.Enum, functools.partial)) and goes_by_name(kind):
        return NotImplemented  # pickle can do it
    return next(reduce for base, reduce in _BY_BASE if issubclass(kind, base))(obj)


def _exact_reducers() -> dict[type, Callable[[Any], Any]]:
    @functools.lru_cache
    def cached() -> None: ...

    reducers: dict[type, Callable[[Any], Any]] = {
        types.CodeType: reduce_code,
        EmptyCell: EmptyCell.__reduce__,
        io.TextIOWrapper: _refuse_file,
        weakref.WeakKeyDictionary: _reduce_weak_dictionary,
        weakref.WeakValueDictionary: _reduce_weak_dictionary,
        contextvars.ContextVar: reduce_context_variable,
        type(cached): descriptors.reduce_lru_cache,
        typing_forms.NewType: typing_forms.reduce_new_type,
        typing.TypeVar: typing_forms.reduce_variable,
        typing.ParamSpec: typing_forms.reduce_variable,
        typing.ParamSpecArgs: typing_forms.reduce_part,
        typing.ParamSpecKwargs: typing_forms.reduce_part,
        **dict.fromkeys(_ONLY_ONES, _reduce_by_name),
    }
    if hasattr(typing, "TypeVarTuple"):
        reducers[typing.TypeVarTuple] = typing_forms.reduce_variable
    if sys.version_info >= (3, 12):
        reducers[typing.TypeAliasType] = typing_forms.reduce_alias
    if LAZY_IMPORT is not None:
        reducers[LAZY_IMPORT] = _reduce_lazy_import
    return reducers


#: Reducers by the very type of an object.
_EXACT = _exact_reducers()
