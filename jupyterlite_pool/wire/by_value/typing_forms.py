"""What the notebook defines for annotations: new types, aliases, and type variables.

Each comes back as the very object that the notebook has.
"""

from __future__ import annotations

import keyword
import pickle
import typing
import uuid
import weakref
from contextlib import suppress
from typing import Any

from cloudpickle import cloudpickle

from .anatomy import Attributes
from .classes import Reduced

NewType: Any = typing.NewType


def _is_found_by_name(obj: Any) -> bool:
    """Whether a worker finds an object by its module and name."""
    return cloudpickle._lookup_module_and_qualname(obj, name=obj.__name__) is not None


def _noted(form_id: str, form: Any) -> Any:
    """The form with an id in this process, which is this one if there was none."""
    return cloudpickle._lookup_class_or_track(form_id, form)


def _id(form: Any) -> str:
    return cloudpickle._get_or_create_tracker_id(form)  # type: ignore[no-any-return]


def reduce_new_type(obj: Any) -> Any:
    """A recipe of a `NewType`."""
    if _is_found_by_name(obj):
        return NotImplemented
    return make_new_type, (obj.__name__, obj.__supertype__, dict(vars(obj)), _id(obj))


def make_new_type(name: str, base: Any, attributes: Attributes, form_id: str) -> Any:
    """The `NewType` with an id."""
    made = NewType(name, base)
    vars(made).update(attributes)
    return _noted(form_id, made)


def reduce_variable(obj: Any) -> Any:
    """A recipe of a `TypeVar`, `ParamSpec` or `TypeVarTuple`."""
    if _is_found_by_name(obj):
        return NotImplemented
    bound = getattr(obj, "__bound__", None)
    if bound is not None and getattr(obj, "__infer_variance__", False) and _is_word(obj.__name__):
        about = (obj.__name__, obj.__module__, _id(obj))
        return make_bound_variable, about, bound, None, None, set_bound
    options: Attributes = {}
    for option in ("bound", "covariant", "contravariant", "infer_variance"):
        value = getattr(obj, f"__{option}__", None)
        if value:
            options[option] = value
    if getattr(obj, "has_default", bool)():
        options["default"] = obj.__default__
    args = getattr(obj, "__constraints__", ())
    return make_variable, (type(obj), obj.__name__, args, options, obj.__module__, _id(obj))


def make_variable(
    kind: Any, name: str, args: tuple[Any, ...], options: Attributes, module: str, form_id: str
) -> Any:
    """The type variable with an id."""
    made = kind(name, *args, **options)
    with suppress(AttributeError):  # an old Python does not let it be set
        made.__module__ = module
    return _noted(form_id, made)


def make_bound_variable(name: str, module: str, form_id: str) -> Any:
    """The type variable with an id; its bound comes later, since it may refer to the variable."""
    known = cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID.get(form_id)
    if known is not None:
        return known
    # Only the statement makes a variable that asks for its bound when somebody needs it.
    space: Attributes = {"__name__": module}
    exec(f"def generic[{name}: __value[0]](): ...", space)
    made = space["generic"].__type_params__[0]
    _bounds[made] = space
    return _noted(form_id, made)


def set_bound(variable: Any, bound: Any) -> None:
    """Give a type variable its bound. Pickle calls this."""
    if variable in _bounds:
        _bounds[variable].setdefault("__value", [bound])


#: Where type variables that were read find their bounds.
_bounds: weakref.WeakKeyDictionary[Any, Attributes] = weakref.WeakKeyDictionary()


def _is_word(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def reduce_part(obj: Any) -> Reduced:
    """A recipe of the `args` or `kwargs` of a `ParamSpec`."""
    return type(obj), (obj.__origin__,)


def reduce_alias(obj: Any) -> Any:
    """A recipe of an alias that a `type` statement has made.

    Raises:
        pickle.PicklingError: it has type parameters, and its value refers to it.
    """
    if _is_found_by_name(obj):
        return NotImplemented
    about = (obj.__name__, obj.__module__, _alias_id(obj))
    if not obj.__type_params__:
        return make_alias, about, obj.__value__, None, None, set_alias
    if _refers_to(obj.__value__, obj):
        raise pickle.PicklingError(f"the alias {obj.__name__} has type parameters and is recursive")
    return make_generic_alias, (*about, obj.__type_params__, obj.__value__)


def _refers_to(value: Any, alias: Any) -> bool:
    parts = (getattr(value, "__origin__", None), *getattr(value, "__args__", ()))
    return any(part is alias or (part is not None and _refers_to(part, alias)) for part in parts)


#: Aliases by their ids, and their ids by their addresses. They cannot be referred to weakly.
_aliases: dict[str, Any] = {}
_alias_ids: dict[int, str] = {}

#: Where aliases that were read find their values, by their addresses.
_spaces: dict[int, Attributes] = {}


def _alias_id(alias: Any) -> str:
    if id(alias) not in _alias_ids:
        _note_alias(alias, uuid.uuid4().hex)
    return _alias_ids[id(alias)]


def _note_alias(alias: Any, form_id: str) -> Any:
    _alias_ids[id(alias)] = form_id
    return _aliases.setdefault(form_id, alias)


def make_alias(name: str, module: str, form_id: str) -> Any:
    """The alias with an id. Its value comes later, since it may refer to the alias."""
    if form_id in _aliases:
        return _aliases[form_id]
    if not _is_word(name):
        raise ValueError(f"{name!r} is no name of an alias")
    # Only the statement makes an alias that asks for its value when somebody needs it.
    space: Attributes = {"__name__": module}
    exec(f"type {name} = __value[0]", space)
    made = space[name]
    _spaces[id(made)] = space
    return _note_alias(made, form_id)


def set_alias(alias: Any, value: Any) -> None:
    """Give an alias its value. Pickle calls this."""
    if id(alias) in _spaces:
        _spaces[id(alias)].setdefault("__value", [value])


def make_generic_alias(
    name: str, module: str, form_id: str, parameters: tuple[Any, ...], value: Any
) -> Any:
    """The alias with an id and with type parameters."""
    if form_id in _aliases:
        return _aliases[form_id]
    space = {"__name__": module, "make": typing.TypeAliasType, "rest": (value, parameters)}  # type: ignore[attr-defined, unused-ignore]
    made = eval(f"make({name!r}, rest[0], type_params=rest[1])", space)
    return _note_alias(made, form_id)
