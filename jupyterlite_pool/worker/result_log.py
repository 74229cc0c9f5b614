"""Finished results that a worker has not posted yet, where others can read them.

If Python dies, the worker's JavaScript posts these results, so that nothing finished is lost. It
reads them straight from the heap, at the addresses of `buffer` and `state`. So these never change.
A worker that is a process has them in memory that it shares with the notebook's process.
"""

from __future__ import annotations

import array
from typing import Any, NamedTuple
from zlib import crc32

from ..wire.protocol import LOG_BYTES
from ..wire.results import RESULTS_END, results_end

#: The numbers in `ResultLog.state`, as `labextension/src/worker/runner.ts` reads and writes them:
#: the place in its batch of the task that runs, or -1 (set by the runner); how many bytes of the
#: buffer are used (set by the log); how many bytes the largest large file has that the task used on
#: the drive (set by JavaScript).
PLACE, USED, LARGEST_FILE = range(3)


#: Bytes of the end of a payload.
END_BYTES = RESULTS_END.size

#: Bytes of memory that holds the buffer and the state.
SHARED_BYTES = LOG_BYTES + 3 * array.array("i").itemsize


def _parts(shared: memoryview) -> tuple[memoryview, memoryview]:
    return shared[:LOG_BYTES], shared[LOG_BYTES:SHARED_BYTES].cast("i")


def left_in(shared: memoryview) -> tuple[int, bytes]:
    """What the log of a process that has ended has left in shared memory.

    Returns:
        The place in its batch of the task that ran, or -1; and the results that were not posted.
    """
    buffer, state = _parts(shared)
    with buffer, state:
        return state[PLACE], bytes(buffer[: state[USED]])


class Written(NamedTuple):
    """What a log has: how many results, the CRC-32 of their bytes, and where they end."""

    results: int = 0
    checksum: int = 0
    end: int = 0


class ResultLog:
    """Collects the results of a batch until the next post.

    Args:
        shared: memory of `SHARED_BYTES` bytes that another process can read; None for memory of
            this one.
    """

    def __init__(self, shared: memoryview | None = None) -> None:
        self.buffer: Any = bytearray(LOG_BYTES)
        self.state: Any = array.array("i", [-1, 0, 0])
        if shared is not None:
            self.buffer, self.state = _parts(shared)
            self.state[PLACE], self.state[USED], self.state[LARGEST_FILE] = -1, 0, 0
        #: The buffer, as bytes are written to it fastest.
        self.view = memoryview(self.buffer)
        self.written = Written()

    def add(self, record: bytes) -> bool:
        """Keep a result; False if there is no room for it."""
        count, checksum, start = self.written
        end = start + len(record)
        used = end + END_BYTES
        if used > LOG_BYTES:
            return False
        count, checksum = count + 1, crc32(record, checksum)
        # The next result overwrites the end, so that the buffer holds a whole payload at any time.
        self.view[start:used] = record + results_end(count, checksum)
        self.written = Written(count, checksum, end)
        self.state[USED] = used
        return True

    def take(self) -> bytes:
        """The results as a payload, empty if there are none; the log is empty afterwards."""
        payload = bytes(self.buffer[: self.state[USED]])
        self.state[USED] = 0
        self.written = Written()
        return payload
