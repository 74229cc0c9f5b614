"""Members of the notebook's enums.

A member is sent with the recipe of its class. Where the class is known already, it is the member
of that name, and nothing else.
"""

from __future__ import annotations

import enum
from typing import Any

from .anatomy import Attributes

#: Members whose class is being read. The class gets them with its attributes.
_unfinished: dict[tuple[int, str], enum.Enum] = {}

#: Python computes these again.
_COMPUTED = {"__objclass__", "_inverted_"}


def reduce_member(member: enum.Enum) -> Any:
    """A recipe of a named member; `NotImplemented` for a combination of flags without a name."""
    cls = type(member)
    name = getattr(member, "_name_", None)
    if name is None or cls.__dict__["_member_map_"].get(name) is not member:
        return NotImplemented
    state = {key: value for key, value in vars(member).items() if key not in _COMPUTED}
    return make_member, (cls, name, _arguments(member)), state, None, None, set_member_state


def _arguments(member: enum.Enum) -> tuple[Any, ...]:
    """What the data type of a member needs to make it, without the code of the enum."""
    kind = vars(type(member))["_member_type_"]
    if kind is object:
        return ()
    if hasattr(kind, "__getnewargs__"):
        return tuple(kind.__getnewargs__(member))
    if kind.__reduce__ is object.__reduce__:
        return ()  # all that it has are attributes
    return tuple(kind.__reduce__(member)[1])


def make_member(cls: type[enum.Enum], name: str, args: tuple[Any, ...]) -> enum.Enum:
    """The member of a name; one without attributes if the class is not complete."""
    members = cls.__dict__.get("_member_map_")
    if members is not None and name in members:
        return members[name]  # type: ignore[no-any-return]
    key = id(cls), name
    if key not in _unfinished:
        _unfinished[key] = _new_member(cls, args)
    return _unfinished[key]


def _new_member(cls: type[enum.Enum], args: tuple[Any, ...]) -> enum.Enum:
    for base in cls.__mro__:
        new = vars(base).get("__new__")
        # Neither an enum's own, nor that of a class that was sent and has no attributes yet.
        if new is not None and not issubclass(base, enum.Enum):
            return base.__new__(cls, *args)
    return object.__new__(cls)


def set_member_state(member: enum.Enum, state: Attributes) -> None:
    """Give a new member its attributes. Pickle calls this."""
    cls = type(member)
    if _unfinished.get((id(cls), state["_name_"])) is member:
        del _unfinished[id(cls), state["_name_"]]
        vars(member).update(state, __objclass__=cls)
