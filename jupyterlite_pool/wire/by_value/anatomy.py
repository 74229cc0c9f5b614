"""What a class has: attributes that can be set later, and what it must have from its birth."""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

Attributes = dict[str, Any]

#: Attributes of a class that a recipe leaves out: Python makes them, or they are caches.
_MADE_ANEW = {
    "__dict__",
    "__weakref__",
    "_abc_impl",
    "__slotnames__",
    "__annotate__",
    "__annotate_func__",
    "__annotations_cache__",
    "__classdict__",
    "__classdictcell__",
}

#: Attributes of classes for which `type` has setters that do what they should.
_SETTABLE = {
    "__module__",
    "__doc__",
    "__abstractmethods__",
    "__annotations__",
    "__type_params__",
}


def named_members_only(attributes: Attributes) -> Attributes:
    """The attributes of an enum without combinations of flags, which Python makes when needed."""
    named = {id(member) for member in attributes["_member_map_"].values()}
    by_value = attributes["_value2member_map_"]
    kept = {value: member for value, member in by_value.items() if id(member) in named}
    return {**attributes, "_value2member_map_": kept}


def split(cls: type) -> tuple[Attributes, Attributes]:
    """The attributes of a class that can be set later, and those that it has from its birth."""
    own = dict(type.__dict__["__dict__"].__get__(cls))
    attributes: Attributes = {}
    layout: Attributes = {}
    slots = [name for name, value in own.items() if _is_slot(value, name, cls)]
    if "__slots__" in own or not _MADE_ANEW.issuperset(slots):
        layout["__slots__"] = tuple(slots)
    for name, value in own.items():
        if name in slots or (name in _MADE_ANEW and not _is_users_own(name, value)):
            continue
        if name in ("__module__", "__orig_bases__"):
            layout[name] = value
        elif name not in _SETTABLE and _has_setter(type(cls), name):
            layout[name] = value
            continue
        attributes[name] = value
    if sys.version_info >= (3, 14) and not _MADE_ANEW.isdisjoint(own):
        annotations = _annotations(cls, own)
        if annotations:
            attributes["__annotations__"] = annotations
    return attributes, layout


def _is_slot(value: object, name: str, cls: type) -> bool:
    """Whether an attribute is a slot of a class, or the place of its `__dict__`."""
    if not isinstance(value, (types.MemberDescriptorType, types.GetSetDescriptorType)):
        return False
    return value.__objclass__ is cls and value.__name__ == name


def _is_users_own(name: str, value: object) -> bool:
    return name == "__dict__" and not isinstance(value, types.GetSetDescriptorType)


def _has_setter(meta: type, name: str) -> bool:
    """Whether a metaclass would do something else than set an attribute."""
    for base in meta.__mro__:
        found = base.__dict__.get(name)
        if found is not None:
            return hasattr(type(found), "__set__")
    return False


def _annotations(cls: type, own: Attributes) -> Attributes:
    """The annotations of a class, which Python 3.14 evaluates when somebody asks."""
    if "__annotate_func__" not in own and "__annotations_cache__" not in own:
        return {}
    return evaluated_annotations(cls)


def evaluated_annotations(obj: Any) -> Attributes:
    """The annotations of a class or function; as text if one names what is not there."""
    annotationlib = importlib.import_module("annotationlib")
    try:
        return dict(annotationlib.get_annotations(obj))
    except Exception:
        return dict(annotationlib.get_annotations(obj, format=annotationlib.Format.STRING))
