"""The payloads that travel between the kernel and a pool worker, inside JavaScript's frames.

The frames themselves are described in `labextension/src/protocol.ts`. A test keeps the facts that
are in both languages equal.

A batch is one pickle, however many tasks it has. Arguments that might not be readable are pickled
separately inside that pickle, so that a call that cannot be read fails alone. Plain arguments can
always be read, and are not pickled separately: most small tasks have only such arguments, and a
pickle for each would take longer than everything else.
"""

from __future__ import annotations

from typing import Any, NamedTuple

#: Goes up whenever the form of a frame or payload changes. Workers of other versions are not used.
PROTOCOL_VERSION = 10

#: Seconds between two posts of results, at least. A runner posts at the first end of a task after
#: them, so that little is lost with a worker.
POST_INTERVAL = 0.002

#: Bytes of results that a runner holds at most before it posts them. JavaScript can still post them
#: when Python has died.
LOG_BYTES = 1 << 20

#: The first part of the keys of the notebook's surroundings. Its text is older than its name.
SURROUNDINGS_PREFIX = "environment:"

#: The first part of the keys of files of packages, and of sources of the notebook's own modules.
#: Surroundings name these by their keys, so that a change of the surroundings does not send them
#: again.
PACKAGES_PREFIX = SURROUNDINGS_PREFIX + "packages:"
MODULES_PREFIX = SURROUNDINGS_PREFIX + "modules:"


class CallBatch(NamedTuple):
    """The tasks of a batch on their way to a worker. Each list has one member for each task."""

    #: The number of the first task, unique in its executor. The others have the next numbers.
    first: int
    #: The keys of the function and of the surroundings, which the worker holds already.
    function: str
    surroundings: str | None
    #: The positional arguments if all arguments are plain and positional; else a pickle of
    #: `(args, kwargs)`.
    calls: list[tuple[Any, ...] | bytes]
    #: How often the task was tried, with this time: 1 for the first try.
    attempts: list[int]
    #: How many of the frame's buffers belong to the call; None if the frame has no buffers.
    buffers: list[int] | None = None
    #: `(seed, index)` of the task's own random stream; None to leave the worker's as it is.
    seeds: list[tuple[int, int] | None] | None = None
    #: Whether the tasks have a time limit. Then the worker says when each call begins.
    timed: bool = False


# Kinds of results, by what their `payload` is.

#: The value itself, of a simple type.
PLAIN = 0
#: The pickle of a value.
PICKLED = 1
#: The checksum of the pickle of a value. The pickle is large, and is the first of the buffers.
APART = 2
#: An exception, as `wire.exceptions` encodes it.
FAILED = 3


class ResultItem(NamedTuple):
    """The result of one task on its way back."""

    task: int
    #: One of the kinds above.
    kind: int
    payload: Any
    #: How many of the frame's buffers belong to this result.
    buffers: int
    #: How long the call took, in seconds.
    seconds: float
