"""The objects that workers hold for tasks: functions, surroundings, and what users `put` there."""

from __future__ import annotations

import itertools
import weakref
from collections import Counter, OrderedDict
from typing import Any

from ._payload import Encoded, encode
from ._refs import ObjectRef
from .backends import Backend

#: So many objects that no task needs stay on the workers, in case a later task does.
KEPT = 32


class SharedObjects:
    """Counts who needs an object, and lets it go when that is long over."""

    def __init__(self, backend: Backend, kept: int = KEPT) -> None:
        self._backend = backend
        self._kept = kept
        self._users: Counter[str] = Counter()
        #: Objects that nobody needs, the longest unneeded first.
        self._idle: OrderedDict[str, None] = OrderedDict()
        #: What the objects themselves refer to, which lives as long as they.
        self._refs: dict[str, tuple[ObjectRef[Any], ...]] = {}
        self._numbers = itertools.count()

    def put(self, obj: object) -> ObjectRef[Any]:
        """Send an object to every worker that comes to need it, once; gone with its reference."""
        key = f"object:{next(self._numbers)}"
        encoded = encode(obj)
        self._backend.put(key, encoded)
        ref: ObjectRef[Any] = ObjectRef(key, self)
        if encoded.refs:
            self._refs[key] = encoded.refs
        weakref.finalize(ref, self._drop, key).atexit = False
        return ref

    def hold(self, key: str, encoded: Encoded) -> str:
        """Keep an object until `release` is called as often as this was; returns its key."""
        if key not in self._users and key not in self._idle:
            self._backend.put(key, encoded)
            if encoded.refs:
                self._refs[key] = encoded.refs
        self._idle.pop(key, None)
        self._users[key] += 1
        return key

    def release(self, key: str) -> None:
        """One that needed an object needs it no more."""
        self._users[key] -= 1
        if self._users[key] > 0:
            return
        del self._users[key]
        if key in self._refs:  # what was put there must not live on for it
            self._drop(key)
            return
        self._idle[key] = None
        if len(self._idle) > self._kept:
            oldest, _ = self._idle.popitem(last=False)
            self._drop(oldest)

    def _drop(self, key: str) -> None:
        self._refs.pop(key, None)
        self._backend.drop(key)
