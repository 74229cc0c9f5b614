"""The objects that workers hold for tasks: functions and surroundings, sent to a worker once."""

from __future__ import annotations

from collections import Counter, OrderedDict

from ._payload import Encoded
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

    def hold(self, key: str, encoded: Encoded) -> str:
        """Keep an object until `release` is called as often as this was; returns its key."""
        if key not in self._users and key not in self._idle:
            self._backend.put(key, encoded)
        self._idle.pop(key, None)
        self._users[key] += 1
        return key

    def release(self, key: str) -> None:
        """One that needed an object needs it no more."""
        self._users[key] -= 1
        if self._users[key] > 0:
            return
        del self._users[key]
        self._idle[key] = None
        if len(self._idle) > self._kept:
            oldest, _ = self._idle.popitem(last=False)
            self._backend.drop(oldest)
