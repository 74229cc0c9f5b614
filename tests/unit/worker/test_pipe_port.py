"""What a worker's process says, when it prints in the midst of a message."""

from __future__ import annotations

import sys
import threading
from multiprocessing.connection import Connection, Pipe
from typing import Any, cast

import pytest

from jupyterlite_pool.wire.pipe import receive
from jupyterlite_pool.worker.process import PipePort


class Interrupted:
    """A pipe in whose messages a finalizer or a signal handler prints, in the thread that sends."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._begun = False

    def send_bytes(self, data: Any) -> None:
        if not self._begun:
            self._begun = True
            print("amid")
        self._pipe.send_bytes(data)


@pytest.mark.timeout(30)
def test_what_is_printed_amid_a_message_follows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(sys, stream, getattr(sys, stream))
    ours, theirs = Pipe()
    port = PipePort(cast(Connection, Interrupted(theirs)))
    port.task(7)
    threading.Thread(
        target=port.say,
        args=("result", 1, b"payload", True),
        kwargs={"buffers": [memoryview(b"buffer")]},
        daemon=True,
    ).start()
    assert ours.poll(10), "it waits for itself"
    first, second = receive(ours), receive(ours)
    assert (first.word, first.values) == ("result", (1, b"payload", True))
    assert [bytes(buffer) for buffer in first.buffers] == [b"buffer"]
    assert (second.word, second.values) == ("output", (7, "stdout", "amid\n"))
