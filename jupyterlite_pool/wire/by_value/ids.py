"""Ids of classes, by which all processes know them, and the name of this process."""

from __future__ import annotations

import os
import uuid
import weakref

from cloudpickle import cloudpickle

#: Ids of classes that cloudpickle cannot keep, because their metaclass compares them.
_odd_ids: dict[int, tuple[weakref.ref[type], str]] = {}

#: The name of this process, by its number: one that began with a copy of the memory has another.
_names: dict[int, str] = {}


def this_process() -> str:
    """A name of this process. Made late, since workers begin with a copy of one memory."""
    number = os.getpid()
    if number not in _names:
        _names[number] = uuid.uuid4().hex
    return _names[number]


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


def note_id(cls: type, class_id: str) -> None:
    """Let a class have an id in this process."""
    if _can_be_key(cls):
        cloudpickle._lookup_class_or_track(class_id, cls)
    else:
        _odd_ids[id(cls)] = (weakref.ref(cls), class_id)
        cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID[class_id] = cls


def _can_be_key(cls: type) -> bool:
    meta = type(cls)
    return meta.__hash__ is type.__hash__ and meta.__eq__ is type.__eq__
