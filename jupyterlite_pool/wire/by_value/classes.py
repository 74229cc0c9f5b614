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
import types
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from .anatomy import Attributes, named_members_only, split
from .birth import make
from .content import Content, content_of
from .ids import class_of, id_of, note_id, this_process

Reduced = tuple[Any, ...]


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

#: Where states that arrive are noted.
_noted: ContextVar[list[tuple[type, State]] | None] = ContextVar("noted", default=None)

#: Classes whose attributes were read, but perhaps not all that these refer to.
pending: list[tuple[type, State, bool]] = []

# To a recipe


def reduce_class(cls: type, updates: bool) -> Reduced:
    """A recipe of a class, as pickle wants it.

    Args:
        updates: whether a receiver that knows the class brings it to the state that it has now.
    """
    attributes, layout = split(cls)
    if "_member_map_" in attributes and isinstance(cls, enum.EnumMeta):
        attributes = named_members_only(attributes)
    registry: list[type] = []
    if isinstance(cls, abc.ABCMeta):
        found = (ref() for ref in abc._get_dump(cls)[0])  # type: ignore[attr-defined]
        registry = sorted((kind for kind in found if kind is not None), key=_full_name)
    state = (attributes, cls.__bases__, cls.__qualname__, registry, updates, this_process())
    args = (type(cls), cls.__name__, cls.__bases__, layout, id_of(cls))
    return make_class, args, state, None, None, set_class_state


def _full_name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


# From a recipe


def make_class(
    kind: type, name: str, bases: tuple[type, ...], layout: Attributes, class_id: str
) -> type:
    """The class with an id; a new one without attributes if this process does not know it."""
    known = class_of(class_id)
    if known is not None:
        return known
    made = make(kind, name, bases, layout)
    note_id(made, class_id)
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


def settle(start: int) -> None:
    """Finish the classes that were read since `pending` had this length.

    Call this when everything is read that was begun then.
    """
    read = pending[start:]
    del pending[start:]
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


def restore(states: Sequence[tuple[type, State]]) -> bool:
    """Bring classes back to the states that they had when a function was sent.

    Returns:
        False if they had these states already.
    """
    return _bring(states)


def _bring(states: Sequence[tuple[type, State]]) -> bool:
    """Bring classes to states that came together; False if they had them already."""
    if all(_has(cls, state) for cls, state in states):
        return False
    changes = [(cls, state, _changed(cls, state)) for cls, state in states]
    # What came together shares objects, such as the globals of methods. So if one method is set,
    # all are, and so is what no task has changed.
    all_methods = any(_is_method(state.attributes[n]) for _, state, names in changes for n in names)
    for cls, state, names in changes:
        if all_methods:
            names |= {name for name in state.attributes if _can_be_set_again(cls, state, name)}
        _apply(cls, state, names)
    return True


def _has(cls: type, state: State) -> bool:
    """Whether a class is known to have a state, or one that is equal to it."""
    record = _record(cls)
    return record is not None and (record.state is state or record.state is state.equal_to)


def _is_method(value: object) -> bool:
    return hasattr(type(value), "__get__")


def _can_be_set_again(cls: type, state: State, name: str) -> bool:
    """Whether nothing is lost if an attribute is set that the notebook has not changed."""
    if _is_method(state.attributes[name]):
        return True
    own = type.__dict__["__dict__"].__get__(cls)
    return name in own and bool(content_of(own[name]) == state.contents[name])


def _changed(cls: type, state: State) -> set[str]:
    """The attributes of a state that differ from those that came last."""
    record = _record(cls)
    if record is not None and record.state is state:
        return set()
    if record is None:  # a class that this process has made, and that another one has changed
        record = _Record()
        _records[id(cls)] = (weakref.ref(cls), record)
        record.state = State(split(cls)[0], cls.__bases__, cls.__qualname__, [])
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
