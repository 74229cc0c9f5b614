"""A class of the notebook as a recipe, and back.

A class has an id, so that all copies of it are one class in a process. The recipe has what the
class must have from its birth (its slots, for example), and all its attributes. A class is made
without the code that runs when a class is defined: that code has run in the notebook, and the
attributes show what it did.

A class can change after it was sent. Three rules say what the receiver does with a recipe of a
class that it knows:

- If the recipe comes with a call, the class becomes what it was in the notebook when the call was
  made: what is new is set, and what is gone is deleted. What a task has changed in its worker stays
  while the notebook does not change the same attribute, as in a process.
- If it comes with a result, or with an object that was sent once for many tasks, the class stays as
  it is. So nothing that comes back changes a class of the notebook.
- If it comes from this very process, as it does without a browser, the class stays as it is, too.
"""

from __future__ import annotations

import abc
import enum
import importlib
import os
import sys
import types
import uuid
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from cloudpickle import cloudpickle

from .birth import make
from .content import Content, content_of

Reduced = tuple[Any, ...]
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


class State:
    """What a recipe says of a class, after it was read."""

    def __init__(
        self, attributes: Attributes, bases: tuple[type, ...], name: str, registry: list[type]
    ) -> None:
        self.attributes = attributes
        self.bases = bases
        self.name = name
        #: Classes that count as subclasses although they are none.
        self.registry = registry
        #: The contents of the attributes, as they arrived.
        self.contents: dict[str, Content] = {}
        #: An earlier state that is equal to this one.
        self.equal_to: State | None = None

    def about(self) -> tuple[object, ...]:
        """What it says but for the attributes."""
        return self.bases, self.name, self.registry


class _Record:
    """What this process knows of a class that has come to it."""

    def __init__(self) -> None:
        #: The last state that was applied; None for a class that was just made.
        self.state: State | None = None


#: By the class.
_records: dict[int, tuple[weakref.ref[type], _Record]] = {}

#: Ids of classes that cloudpickle cannot keep, because their metaclass compares them.
_odd_ids: dict[int, tuple[weakref.ref[type], str]] = {}

#: Where states that arrive are noted.
_noted: ContextVar[list[tuple[type, State]] | None] = ContextVar("noted", default=None)

#: Classes whose attributes were read, but perhaps not all that these refer to.
pending: list[tuple[type, State, bool]] = []

#: A name of this process, with the process number for which it was made.
_here = (0, "")


def this_process() -> str:
    """A name of this process. Made late, since workers begin with a copy of one memory."""
    global _here
    if _here[0] != os.getpid() or not _here[1]:
        _here = os.getpid(), uuid.uuid4().hex
    return _here[1]


# Ids


def id_of(cls: type) -> str:
    """The id of a class, by which all processes know it."""
    if _can_be_key(cls):
        return cloudpickle._get_or_create_tracker_id(cls)  # type: ignore[no-any-return]
    known = _odd_ids.get(id(cls))
    if known is None or known[0]() is not cls:
        known = _odd_ids[id(cls)] = (weakref.ref(cls), uuid.uuid4().hex)
        cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID[known[1]] = cls
    return known[1]


def class_of(class_id: str) -> type | None:
    """The class that has an id in this process; None if there is none."""
    return cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID.get(class_id)  # type: ignore[no-any-return]


def _note_id(cls: type, class_id: str) -> None:
    if _can_be_key(cls):
        cloudpickle._lookup_class_or_track(class_id, cls)
    else:
        _odd_ids[id(cls)] = (weakref.ref(cls), class_id)
        cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID[class_id] = cls


def _can_be_key(cls: type) -> bool:
    meta = type(cls)
    return meta.__hash__ is type.__hash__ and meta.__eq__ is type.__eq__


# To a recipe


def reduce_class(cls: type, updates: bool) -> Reduced:
    """A recipe of a class, as pickle wants it.

    Args:
        updates: whether a receiver that knows the class brings it to the state that it has now.
    """
    attributes, layout = _split(cls)
    if "_member_map_" in attributes and isinstance(cls, enum.EnumMeta):
        attributes = named_members_only(attributes)
    registry: list[type] = []
    if isinstance(cls, abc.ABCMeta):
        found = (ref() for ref in abc._get_dump(cls)[0])  # type: ignore[attr-defined]
        registry = sorted((kind for kind in found if kind is not None), key=_full_name)
    state = (attributes, cls.__bases__, cls.__qualname__, registry, updates, this_process())
    args = (type(cls), cls.__name__, cls.__bases__, layout, id_of(cls))
    return make_class, args, state, None, None, set_class_state


def named_members_only(attributes: Attributes) -> Attributes:
    """The attributes of an enum without combinations of flags, which Python makes when needed."""
    named = {id(member) for member in attributes["_member_map_"].values()}
    by_value = attributes["_value2member_map_"]
    kept = {value: member for value, member in by_value.items() if id(member) in named}
    return {**attributes, "_value2member_map_": kept}


def _full_name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _split(cls: type) -> tuple[Attributes, Attributes]:
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


# From a recipe


def make_class(
    kind: type, name: str, bases: tuple[type, ...], layout: Attributes, class_id: str
) -> type:
    """The class with an id; a new one without attributes if this process does not know it."""
    known = class_of(class_id)
    if known is not None:
        return known
    made = make(kind, name, bases, layout)
    _note_id(made, class_id)
    key = id(made)
    _records[key] = (weakref.ref(made, lambda _: _records.pop(key, None)), _Record())
    return made


def known_class(class_id: str) -> type:
    """The class with an id, which this process has."""
    known = class_of(class_id)
    if known is None:
        raise LookupError(f"the class {class_id} has not come with the function")
    return known


def set_class_state(cls: type, sent: tuple[Any, ...]) -> None:
    """Bring a class to the state of a recipe, if the rules above say so. Pickle calls this.

    What the attributes refer to may not be complete yet. So a class that was known gets only what
    is certain to have changed, since code of the class may run while the rest is read. `settle`
    does the rest.
    """
    *fields, updates, sender = sent
    record = _record(cls)
    is_new = record is not None and record.state is None
    if not is_new and (not updates or sender == this_process()):
        return
    state = State(*fields)
    if is_new:
        assert record is not None
        _set(cls, state, state.attributes)
        record.state = state
    elif record is not None and record.state is not None:
        old, new = record.state.attributes, state.attributes
        _set(cls, state, [name for name in new if _clearly_differs(old.get(name), new[name])])
    pending.append((cls, state, updates))


def settle() -> None:
    """Finish the classes that were read. Call this when everything is read."""
    read = pending[:]
    pending.clear()
    noted = _noted.get()
    for _, state, _ in read:
        state.contents = {name: content_of(value) for name, value in state.attributes.items()}
    _bring([(cls, state) for cls, state, _ in read])
    if noted is not None:
        noted.extend((cls, state) for cls, state, updates in read if updates)


class note_states:  # noqa: N801 - a context manager, as `note_refs`
    """Collects the states of classes that calls bring, while its body reads."""

    def __enter__(self) -> list[tuple[type, State]]:
        noted: list[tuple[type, State]] = []
        self._token = _noted.set(noted)
        return noted

    def __exit__(self, *_: object) -> None:
        _noted.reset(self._token)


def restore(states: Sequence[tuple[type, State]]) -> None:
    """Bring classes back to the states that they had when a function was sent."""
    _bring(states)


def _bring(states: Sequence[tuple[type, State]]) -> None:
    """Bring classes to states that came together."""
    if all(_has(cls, state) for cls, state in states):
        return
    changes = [(cls, state, _changed(cls, state)) for cls, state in states]
    # Methods that came together share their globals. So either all of them are set or none.
    all_methods = any(_is_method(state.attributes[n]) for _, state, names in changes for n in names)
    for cls, state, names in changes:
        if all_methods:
            names |= {name for name, value in state.attributes.items() if _is_method(value)}
        _apply(cls, state, names)


def _has(cls: type, state: State) -> bool:
    """Whether a class is known to have a state, or one that is equal to it."""
    record = _record(cls)
    return record is not None and (record.state is state or record.state is state.equal_to)


def _is_method(value: object) -> bool:
    return hasattr(type(value), "__get__")


def _changed(cls: type, state: State) -> set[str]:
    """The attributes of a state that differ from those that came last."""
    record = _record(cls)
    if record is not None and record.state is state:
        return set()
    if record is None:  # a class that this process has made, and that another one has changed
        record = _Record()
        _records[id(cls)] = (weakref.ref(cls), record)
        record.state = State(_split(cls)[0], cls.__bases__, cls.__qualname__, [])
    before = record.state.contents if record.state is not None else {}
    now = state.contents
    return {name for name in state.attributes if name not in before or before[name] != now[name]}


def _apply(cls: type, state: State, names: set[str]) -> None:
    """Bring a class to a state: set what differs from the last one, and delete what is gone."""
    record = _record(cls)
    assert record is not None
    old = record.state
    gone = old.attributes.keys() - state.attributes.keys() if old is not None else set()
    if old is state:
        return
    if old is not None and not names and not gone and old.about() == state.about():
        state.equal_to = old
        return
    own = type.__dict__["__dict__"].__get__(cls)
    for name in gone:
        if name in own:
            type.__delattr__(cls, name)
    _set(cls, state, [name for name in state.attributes if name in names])
    record.state = state


def _set(cls: type, state: State, names: Iterable[str]) -> None:
    """Set some attributes of a class, and all that is not an attribute."""
    if cls.__bases__ != state.bases:
        cls.__bases__ = state.bases
    if cls.__qualname__ != state.name:
        cls.__qualname__ = state.name
    for name in names:
        try:
            type.__setattr__(cls, name, state.attributes[name])
        except (AttributeError, TypeError) as error:
            why = f"cannot set {name!r} of the class {cls.__qualname__}: {error}"
            raise type(error)(why) from None
    if "__firstlineno__" in state.attributes:  # to set `__module__` deletes it
        type.__setattr__(cls, "__firstlineno__", state.attributes["__firstlineno__"])
    for other in state.registry:
        with suppress(TypeError, RuntimeError):  # it is a subclass already
            abc.ABCMeta.register(cls, other)  # type: ignore[arg-type]


def _clearly_differs(old: object, new: object) -> bool:
    """Whether two attributes differ, as far as can be seen while they are incomplete."""
    if type(old) is not type(new):
        return True
    if isinstance(new, (classmethod, staticmethod)):
        return _clearly_differs(getattr(old, "__func__", None), new.__func__)
    if isinstance(new, types.FunctionType):
        return new.__code__ != getattr(old, "__code__", None)
    return isinstance(new, (bool, int, float, str, bytes)) and old != new


def _record(cls: type) -> _Record | None:
    known = _records.get(id(cls))
    return known[1] if known is not None and known[0]() is cls else None
