"""What travels between the kernel and a pool worker, inside the frames that JavaScript carries.

The frames themselves, and the version, stand in `labextension/src/protocol.ts`; a test keeps the
facts that live in both languages equal. What is in a payload stands in tuples of the kinds below. A
batch costs one pickle, however many tasks it has; what could fail to be read is a pickle of its own
in it, so that a task costs nothing but itself. What holds nothing that could fail travels as it is:
that is most of small tasks, and to pickle each would cost more than all else.
"""

from __future__ import annotations

from typing import Any, NamedTuple

#: Raised whenever a frame changes shape; a worker of another version is not used.
PROTOCOL_VERSION = 6

#: A runner posts its finished results at the first end of a task this long after its last post, so
#: that a worker that is lost later takes little with it.
POST_INTERVAL = 0.002

#: Bytes of results that a runner holds before it posts them without waiting. JavaScript can still
#: post what is held when Python has died.
LOG_BYTES = 1 << 20

#: The prefix of the key under which a worker is told what the notebook's surroundings are.
SURROUNDINGS_PREFIX = "environment:"

#: The same of parts of it, which are sent once although it changes: files of packages, and sources
#: of the notebook's own modules.
PACKAGES_PREFIX = SURROUNDINGS_PREFIX + "packages:"
MODULES_PREFIX = SURROUNDINGS_PREFIX + "modules:"


class CallBatch(NamedTuple):
    """The tasks of a batch on their way to a worker; each list has one member a task."""

    #: The first task's number, unique in its executor; the others follow.
    first: int
    #: The keys of the function and of the surroundings that were put on the worker before.
    function: str
    surroundings: str | None
    #: Positional arguments as they are where all are plain; else pickled `(args, kwargs)`.
    calls: list[tuple[Any, ...] | bytes]
    #: 1 for the first try.
    attempts: list[int]
    #: How many of the frame's buffers belong to the call; None where there are no buffers.
    buffers: list[int] | None = None
    #: `(seed, index)` of the task's own random stream; None to leave the worker's.
    seeds: list[tuple[int, int] | None] | None = None
    #: Whether the worker says when the call itself begins: from then on a time limit counts.
    timed: bool = False


#: Kinds of results. The value as it is, because it is plain.
PLAIN = 0
#: A value, pickled.
PICKLED = 1
#: A value whose pickle is the first of its buffers; its checksum is in its place.
APART = 2
#: An exception, encoded.
FAILED = 3


class ResultItem(NamedTuple):
    """One task's outcome on its way back."""

    task: int
    #: One of the above.
    kind: int
    payload: Any
    buffers: int
    #: How long the call took, in seconds.
    seconds: float
