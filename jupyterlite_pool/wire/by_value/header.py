"""The classes of what is sent, in front of it.

Arguments and results seldom bring anything new: mostly they are instances of classes that the
receiver has. So the recipes of their classes travel in front of them, as a header, and what follows
names these classes by their ids. A worker that has read the very same bytes before, and whose
classes have not been changed by others since, reads only what follows.

Nothing but the classes is shared by a header and what follows. If that would lose an object which
must be the same in both, such as a value that stands for no value, there is no header.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import types
from collections.abc import Iterable
from typing import Any, NamedTuple

from .classes import Reduced, known_class, record_of
from .ids import class_of, id_of, this_process
from .pickler import ByValuePickler

#: Ends no pickle and begins none.
MARK = b"\0"

#: The module of what cells define.
_NOTEBOOK = "__main__"


class Parts(NamedTuple):
    """What follows a mark, as one pickle."""

    #: The ids of the classes in the header.
    ids: list[str]
    #: The process whose classes others follow; empty where the receiver keeps those that it has.
    sender: str
    header: bytes
    rest: bytes


class NotInHeader(Exception):  # noqa: N818 - it never leaves the pickling of one object
    """What follows the header has something that it cannot name.

    Attributes:
        obj: a class that a header could have, or an object for which there is no header.
    """

    def __init__(self, obj: object) -> None:
        super().__init__(obj)
        self.obj = obj


def of_notebook(kinds: Iterable[type]) -> list[type]:
    """Those of some types whose recipes a header may have."""
    return [kind for kind in kinds if kind.__module__ == _NOTEBOOK]


class HeaderPickler(ByValuePickler):
    """Pickles classes, and notes which ones there are.

    Attributes:
        classes: the ids of all classes in the header, by their addresses.
        others: instances of such classes in the header, and sentinels, by their addresses.
    """

    def __init__(self, stream: io.BytesIO, protocol: int, updates: bool) -> None:
        super().__init__(stream, protocol)
        self.updates = updates
        self.classes: dict[int, str] = {}
        self.others: dict[int, object] = {}

    def _reduce_instance(self, obj: Any, kind: type) -> Any:
        if kind is object or kind.__module__ == _NOTEBOOK:
            self.others[id(obj)] = obj
        return NotImplemented

    def _recipe_of_class(self, cls: type) -> Reduced:
        self.classes[id(cls)] = id_of(cls)
        return super()._recipe_of_class(cls)


class RestPickler(ByValuePickler):
    """Pickles what follows a header. Raises `NotInHeader` where it cannot."""

    header: HeaderPickler

    def reducer_override(self, obj: Any) -> Any:
        """As in `pickle.Pickler`, which calls this for most objects."""
        class_id = self.header.classes.get(id(obj))
        if class_id is not None:
            return known_class, (class_id,)
        if id(obj) in self.header.others:
            raise NotInHeader(obj)
        return super().reducer_override(obj)

    def _recipe_of_class(self, cls: type) -> Reduced:
        raise NotInHeader(cls)

    def _recipe_of_function(self, function: types.FunctionType) -> Reduced:
        raise NotInHeader(function)


def join(header: bytes, ids: Iterable[str], updates: bool, rest: bytes, protocol: int) -> bytes:
    """A header and what follows it, as one payload."""
    sender = this_process() if updates else ""
    return MARK + pickle.dumps(tuple(Parts([*ids], sender, header, rest)), protocol)


def classes_of(parts: Parts) -> list[type | None]:
    """The classes of a header, as far as this process has them."""
    return [class_of(class_id) for class_id in parts.ids]


def is_needless(parts: Parts, classes: Iterable[type | None]) -> bool:
    """Whether the classes of a header are complete, and stay as they are."""
    records = [(cls, None if cls is None else record_of(cls)) for cls in classes]
    if any(cls is None or (record and not record.complete) for cls, record in records):
        return False
    if not parts.sender or parts.sender == this_process():
        return True
    digest = _digest(parts)
    return all(record is not None and digest in record.headers for _, record in records)


def note(parts: Parts) -> None:
    """This process has read a header, and its classes are now what it says."""
    digest = _digest(parts)
    for cls in classes_of(parts):
        record = None if cls is None else record_of(cls)
        if record is not None:
            record.headers.append(digest)


def _digest(parts: Parts) -> bytes:
    return hashlib.blake2b(parts.header, digest_size=16).digest()
