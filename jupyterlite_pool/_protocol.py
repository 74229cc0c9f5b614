"""What travels between the kernel and a pool worker, inside the frames that JavaScript carries.

The frames themselves, and the version, stand in `labextension/src/protocol.ts`; a test keeps the
facts that live in both languages equal. A payload is a pickle of plain tuples of the kinds below,
so that a batch costs one pickle, however many tasks it has, and one task that cannot be read costs
nothing but itself.
"""

from __future__ import annotations

from typing import NamedTuple

#: Raised whenever a frame changes shape; a worker of another version is not used.
PROTOCOL_VERSION = 2

#: A runner posts its finished results at the first end of a task this long after its last post, so
#: that a worker that is lost later takes little with it.
POST_INTERVAL = 0.002

#: Bytes of results that a runner holds before it posts them without waiting. JavaScript can still
#: post what is held when Python has died.
LOG_BYTES = 1 << 20

#: The prefix of the key under which a worker is told what the notebook's surroundings are.
ENVIRONMENT_PREFIX = "environment:"

#: The same of parts of it, which are sent once although it changes: files of packages, and sources
#: of the notebook's own modules.
PACKAGES_PREFIX = ENVIRONMENT_PREFIX + "packages:"
MODULES_PREFIX = ENVIRONMENT_PREFIX + "modules:"


class CallItem(NamedTuple):
    """One task on its way to a worker."""

    #: The task's number, unique in its executor.
    task: int
    #: The keys of the function and of the surroundings that were put on the worker before.
    function: str
    environment: str | None
    #: Pickled `(args, kwargs)`.
    payload: bytes
    #: How many of the frame's buffers belong to the payload.
    buffers: int
    #: 1 for the first try.
    attempt: int
    #: `(seed, index)` of the task's own random stream; None to leave the worker's.
    seed: tuple[int, int] | None
    #: Whether the worker says when the call itself begins: from then on a time limit counts.
    timed: bool = False


class ResultItem(NamedTuple):
    """One task's outcome on its way back."""

    task: int
    #: True for a value, False for an exception.
    ok: bool
    payload: bytes
    buffers: int
    #: How long the call took, in seconds.
    seconds: float
