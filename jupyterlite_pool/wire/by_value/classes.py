"""A class of the notebook as a recipe, and back.

A class has an id, so that all copies of it are one class in a process. The recipe has what the
class must have from its birth (its slots, for example), and all its attributes. A class is made
without the code that runs when a class is defined: that code has run in the notebook, and the
attributes show what it did.

What becomes of a class that the receiver knows already, `updates` says.
"""

from __future__ import annotations

import abc
import enum
import threading
import types
import weakref
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from .anatomy import Attributes, named_members_only, split
from .birth import make
from .ids import class_of, id_of, note_id, this_process

Reduced = tuple[Any, ...]

#: What `contents` gives.
Contents = bytes | tuple[type, Any]


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
        self.contents: dict[str, Contents | None] = {}
        #: Two states that are known to be equal have the same one.
        self.version = object()

    def about(self) -> tuple[object, ...]:
        """What it says but for the attributes, in a form that refers to no class."""
        return [*map(id, self.bases)], self.name, [*map(id, self.registry)]


class Record:
    """What this process knows of a class that has come to it.

    It refers to nothing that could refer to the class. So the class goes when nobody else has it.
    """

    def __init__(self) -> None:
        #: Whether the class has all its attributes.
        self.complete = False
        # Of the last state that was applied, what can be compared with the next one.
        self.contents: dict[str, Contents | None] = {}
        self.sketches: dict[str, object] = {}
        self.about: tuple[object, ...] = ()
        self.version = object()
        #: Digests of headers that say what the class is now; see `header`.
        self.headers: deque[bytes] = deque(maxlen=8)

    def apply(self, state: State) -> None:
        """The class has a state now."""
        self.complete = True
        self.contents = state.contents.copy()
        self.sketches = {name: _sketch(value) for name, value in state.attributes.items()}
        self.about = state.about()
        self.version = state.version

    def set_early(self, names: Iterable[str]) -> None:
        """Some attributes are set before the state is complete. If reading fails, it never is."""
        for name in names:
            self.contents.pop(name, None)
            self.version = object()
            self.headers.clear()


#: By the address of the class.
_records: dict[int, tuple[weakref.ref[type], Record]] = {}


def record_of(cls: type) -> Record | None:
    """What this process knows of a class; None if the class was made here."""
    known = _records.get(id(cls))
    return known[1] if known is not None and known[0]() is cls else None


def new_record(cls: type) -> Record:
    """Begin to note what this process knows of a class."""
    key, record = id(cls), Record()

    def forget(gone: weakref.ref[type]) -> None:
        known = _records.get(key)
        if known is not None and known[0] is gone:  # no other class has its address
            del _records[key]

    _records[key] = weakref.ref(cls, forget), record
    return record


class _Reading(threading.local):
    """What a thread reads."""

    def __init__(self) -> None:
        #: Classes whose attributes were read, but perhaps not all that these refer to.
        self.pending: list[tuple[type, State, bool]] = []


reading = _Reading()

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


#: Held while a class is made: the threads of a worker of Dask share their classes.
_making = threading.RLock()


def make_class(
    kind: type, name: str, bases: tuple[type, ...], layout: Attributes, class_id: str
) -> type:
    """The class with an id; a new one without attributes if this process does not know it."""
    with _making:
        known = class_of(class_id)
        if known is not None:
            return known
        made = make(kind, name, bases, layout)
        note_id(made, class_id)
        new_record(made)
        return made


def known_class(class_id: str) -> type:
    """The class with an id, which this process has."""
    known = class_of(class_id)
    if known is None:
        raise LookupError(f"the class {class_id} did not come before what refers to it")
    return known


def set_class_state(cls: type, sent: tuple[Any, ...]) -> None:
    """Bring a class to the state of a recipe, if the rules of `updates` say so. Pickle calls this.

    What the attributes refer to may not be complete yet. So a class that was known gets only what
    is certain to have changed, since code of the class may run while the rest is read. `settle`
    does the rest.
    """
    *fields, updates, sender = sent
    record = record_of(cls)
    is_new = record is not None and not record.complete
    if not is_new and (not updates or sender == this_process()):
        return
    state = State(*fields)
    if is_new:
        set_attributes(cls, state, state.attributes)
    elif record is not None:
        old = record.sketches
        new = {name: _sketch(value) for name, value in state.attributes.items()}
        certain = [name for name in new if old.get(name) != new[name]]
        record.set_early(certain)
        set_attributes(cls, state, certain)
    reading.pending.append((cls, state, updates))


def set_attributes(cls: type, state: State, names: Iterable[str]) -> None:
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


def _sketch(value: object) -> object:
    """As much of the contents of an attribute as can be seen while it is incomplete."""
    kind = type(value)
    if isinstance(value, (classmethod, staticmethod)):
        return kind.__name__, _sketch(value.__func__)
    if isinstance(value, types.FunctionType):
        return value.__code__
    if kind is float:
        return repr(value)
    return kind.__name__, value if kind in _SIMPLE else None


_SIMPLE = (bool, int, str, bytes)
