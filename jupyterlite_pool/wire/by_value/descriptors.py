"""What wraps functions: properties, caches, and functions that are chosen by a type.

Each of these keeps its function where pickle does not look, or refuses to be pickled.
"""

from __future__ import annotations

import functools
import types
import weakref
from collections.abc import Callable
from typing import Any

from cloudpickle import cloudpickle

from .anatomy import Attributes
from .classes import Reduced

AnyFunction = Callable[..., Any]


def _attributes(obj: Any) -> Attributes:
    return dict(getattr(obj, "__dict__", {}))


def set_attributes(obj: Any, state: Attributes) -> None:
    """Give an object its attributes. Pickle calls this."""
    names = getattr(obj, "__dict__", None)
    if names is not None:
        names.update(state)
        return
    for name, value in state.items():
        setattr(obj, name, value)


# Properties and methods


def reduce_property(obj: property) -> Reduced:
    """A recipe of a property, also of a class of its own kind."""
    parts = (obj.fget, obj.fset, obj.fdel, obj.__doc__)
    state = (parts, _attributes(obj))
    return make_raw, (property, type(obj)), state, None, None, set_property


def set_property(obj: property, sent: Any) -> None:
    """Give a property its functions. Pickle calls this."""
    parts, state = sent
    property.__init__(obj, *parts)
    set_attributes(obj, state)


def reduce_method(obj: Any) -> Reduced:
    """A recipe of a class method or static method, also of a class of its own kind."""
    base = classmethod if isinstance(obj, classmethod) else staticmethod
    state = (obj.__func__, _attributes(obj))
    return make_raw, (base, type(obj)), state, None, None, set_method


def set_method(obj: Any, sent: Any) -> None:
    """Give a class method or static method its function. Pickle calls this."""
    function, state = sent
    base = classmethod if isinstance(obj, classmethod) else staticmethod
    base.__init__(obj, function)
    set_attributes(obj, state)


def make_raw(base: Any, kind: Any) -> Any:
    """An instance without the `__init__` of its class."""
    return base.__new__(kind)


def reduce_cached_property(obj: Any) -> Reduced:
    """A recipe of a cached property. Before Python 3.12 it has a lock, which is made anew."""
    state = {name: value for name, value in _attributes(obj).items() if name != "lock"}
    return make_cached_property, (type(obj),), state, None, None, set_attributes


def make_cached_property(kind: type[functools.cached_property[Any]]) -> Any:
    """A cached property without a function, and perhaps with a lock."""
    made: Any = object.__new__(kind)
    functools.cached_property.__init__(made, _nothing)
    return made


def _nothing(*_: object) -> None:
    """Stands in for a function until it is read."""


def reduce_partial(obj: functools.partial[Any]) -> Reduced:
    """A recipe of a `partial` of a kind of its own, made without that kind's own code."""
    state = (obj.func, obj.args, obj.keywords, _attributes(obj) or None)
    return make_partial, (type(obj),), state, None, None, set_partial


def make_partial(kind: type[functools.partial[Any]]) -> functools.partial[Any]:
    """A `partial` that calls nothing yet."""
    return functools.partial.__new__(kind, _nothing)


def reduce_partial_method(obj: Any) -> Reduced:
    """A recipe of a `partialmethod`, whose class wants a function from Python 3.14 on."""
    return make_raw, (object, type(obj)), _attributes(obj), None, None, set_attributes


def set_partial(obj: Any, state: Any) -> None:
    """Give a `partial` its function and arguments. Pickle calls this."""
    functools.partial.__setstate__(obj, state)  # type: ignore[attr-defined]


# Caches


def reduce_lru_cache(obj: Any) -> Any:
    """A recipe of a function with a cache: the function and its settings, not what is cached."""
    found = cloudpickle._lookup_module_and_qualname(obj)
    if found is not None:
        return found[1]  # pickle finds it by its module and this name
    parameters = obj.cache_parameters()
    function = obj.__wrapped__
    state = {k: v for k, v in vars(obj).items() if k not in ("cache_parameters", "__wrapped__")}
    args = (function, parameters["maxsize"], parameters["typed"])
    return make_lru_cache, args, state, None, None, set_attributes


def make_lru_cache(function: AnyFunction, maxsize: int | None, typed: bool) -> AnyFunction:
    """A function with an empty cache."""
    return functools.lru_cache(maxsize, typed)(function)


# Functions that are chosen by a type

#: All functions that `singledispatch` makes have one code.
_CHOOSER = functools.singledispatch(_nothing).__code__  # type: ignore[attr-defined]


def is_chooser(function: types.FunctionType) -> bool:
    """Whether `singledispatch` has made a function."""
    return function.__code__ is _CHOOSER and hasattr(function, "registry")


def reduce_chooser(obj: Any) -> Reduced:
    """A recipe of a function that `singledispatch` made: all functions that it can choose from."""
    standard = {"register", "dispatch", "registry", "_clear_cache", "__wrapped__"}
    attributes = {k: v for k, v in vars(obj).items() if k not in standard}
    state = (dict(obj.registry), attributes)
    return make_chooser, (obj.__wrapped__,), state, None, None, set_chooser


def make_chooser(function: AnyFunction) -> AnyFunction:
    """As `singledispatch`."""
    return functools.singledispatch(function)


def set_chooser(obj: Any, sent: Any) -> None:
    """Register the functions to choose from. Pickle calls this."""
    registry, attributes = sent
    for kind, function in registry.items():
        obj.register(kind, function)
    set_attributes(obj, attributes)


def reduce_method_chooser(obj: Any) -> Reduced:
    """A recipe of a `singledispatchmethod`, without its cache."""
    state = {k: v for k, v in vars(obj).items() if not isinstance(v, weakref.WeakKeyDictionary)}
    caches = [k for k in vars(obj) if k not in state]
    return make_method_chooser, (type(obj), caches), state, None, None, set_attributes


def make_method_chooser(kind: Any, caches: list[str]) -> Any:
    """A `singledispatchmethod` with empty caches."""
    made = object.__new__(kind)
    vars(made).update({name: weakref.WeakKeyDictionary() for name in caches})
    return made
