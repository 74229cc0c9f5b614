"""The objects that workers hold for tasks: functions, surroundings, and what users have `put`."""

from __future__ import annotations

import itertools
import weakref
from collections import Counter, OrderedDict
from concurrent.futures import Future
from typing import Any

from ..backends.base import Backend
from ..jobs.tasks import Held
from ..surroundings.notebook import SentSurroundings
from ..wire.calls import encode_object
from ..wire.payload import Encoded
from ..wire.refs import ObjectRef

#: How many objects that no task needs stay on the workers, in case a later task needs them.
KEPT = 32

#: How many bytes these may have together, beside the last one. That stays however large it is,
#: since people run the same cell again.
KEPT_BYTES = 100_000_000


class SharedObjects:
    """Counts how often each object is needed, and drops those that nobody has needed for long.

    Each object has a key. The backend sends an object to a worker before the first task there that
    needs it.
    """

    def __init__(self, backend: Backend, kept: int = KEPT, kept_bytes: int = KEPT_BYTES) -> None:
        self._backend = backend
        self._kept = kept
        self._kept_bytes = kept_bytes
        #: How often `hold` was called for each key, less the calls of `release`.
        self._users: Counter[str] = Counter()
        #: Keys of objects that nobody needs now; first the one that was needed least recently.
        self._idle: OrderedDict[str, None] = OrderedDict()
        #: How many bytes each object has that was held, and how many the idle ones have together.
        self._sizes: dict[str, int] = {}
        self._idle_bytes = 0
        #: References inside of objects. They are kept as long as the objects.
        self._refs: dict[str, tuple[ObjectRef[Any], ...]] = {}
        self._numbers = itertools.count()

    def put(self, obj: object) -> ObjectRef[Any]:
        """Keep an object until its reference, which is returned, is gone."""
        key = f"object:{next(self._numbers)}"
        encoded = encode_object(obj)
        self._backend.put(key, encoded)
        ref: ObjectRef[Any] = ObjectRef(key, self)
        if encoded.refs:
            self._refs[key] = encoded.refs
        weakref.finalize(ref, self._drop, key).atexit = False
        return ref

    def hold(self, key: str, encoded: Encoded) -> str:
        """Keep an object until `release` has been called as often as this; returns its key."""
        if key not in self._users and key not in self._idle:
            self._backend.put(key, encoded)
            self._sizes[key] = encoded.nbytes
            if encoded.refs:
                self._refs[key] = encoded.refs
        elif key in self._idle:
            self._forget_idle(key)
        self._users[key] += 1
        return key

    def hold_for(
        self, function: Encoded, key: str, around: SentSurroundings | None, until: Future[Any]
    ) -> Held:
        """Keep a function, and the surroundings of its tasks, until a future is done."""
        keys = [self.hold(key, function)]
        if around is not None:
            keys.append(self.hold(around.key, around.encoded))
            for part in around.parts:
                keys.append(self.hold(*part))  # noqa: PERF401 - there is seldom one

        def release(_: object) -> None:
            for key in reversed(keys):  # the function last: it is the one to stay if it is large
                self.release(key)

        until.add_done_callback(release)
        environment = None if around is None else around.key
        return Held(keys[0], environment, function.refs, tuple(keys[2:]))

    def check_owner(self, encoded: Encoded) -> None:
        """Raise ValueError if something refers to an object of another executor."""
        for ref in encoded.refs:
            if ref.owner is not self:
                raise ValueError(
                    f"{ref} belongs to another executor. Use the executor whose `put` made it, or "
                    "`put` the object here."
                )

    def release(self, key: str) -> None:
        """Somebody who needed an object does not need it any more."""
        self._users[key] -= 1
        if self._users[key] > 0:
            return
        del self._users[key]
        if key in self._refs:  # an idle object must not keep what users have put
            self._drop(key)
            return
        self._idle[key] = None
        self._idle_bytes += self._sizes[key]
        others_at_most = self._kept_bytes + self._sizes[key]
        while len(self._idle) > self._kept or self._idle_bytes > others_at_most:
            oldest = next(iter(self._idle))
            self._forget_idle(oldest)
            self._drop(oldest)

    def _forget_idle(self, key: str) -> None:
        del self._idle[key]
        self._idle_bytes -= self._sizes[key]

    def _drop(self, key: str) -> None:
        self._refs.pop(key, None)
        self._sizes.pop(key, None)
        self._backend.drop(key)
