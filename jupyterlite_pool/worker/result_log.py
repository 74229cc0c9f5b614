"""Finished results that a worker has not posted yet, where JavaScript can read them.

If Python dies, the worker's JavaScript posts these results, so that nothing finished is lost. It
reads them straight from the heap, at the addresses of `buffer` and `state`. So these never change.
"""

from __future__ import annotations

import array
from zlib import crc32

from ..wire.protocol import LOG_BYTES
from ..wire.results import RESULTS_END, results_end

#: The numbers in `ResultLog.state`, as `labextension/src/worker/runner.ts` reads and writes them:
#: the place in its batch of the task that runs, or -1 (set by the runner); how many bytes of the
#: buffer are used (set by the log); how many bytes the largest large file has that the task used on
#: the drive (set by JavaScript).
PLACE, USED, LARGEST_FILE = range(3)


class ResultLog:
    """Collects the results of a batch until the next post."""

    def __init__(self) -> None:
        self.buffer = bytearray(LOG_BYTES)
        self.state = array.array("i", [-1, 0, 0])
        #: How many results there are, the CRC-32 of their bytes, and where they end.
        self._count = self._checksum = self._end = 0

    def add(self, record: bytes) -> bool:
        """Keep a result; False if there is no room for it."""
        start = self._end
        end = start + len(record)
        used = end + RESULTS_END.size
        if used > LOG_BYTES:
            return False
        self._count += 1
        self._checksum = crc32(record, self._checksum)
        # The next result overwrites the end, so that the buffer holds a whole payload at any time.
        self.buffer[start:used] = record + results_end(self._count, self._checksum)
        self._end = end
        self.state[USED] = used
        return True

    def take(self) -> bytes:
        """The results as a payload, empty if there are none; the log is empty afterwards."""
        payload = bytes(self.buffer[: self.state[USED]])
        self.state[USED] = 0
        self._count = self._checksum = self._end = 0
        return payload
