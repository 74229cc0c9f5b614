"""Messages over a pipe between two processes of one machine.

A message is a word and plain values, and may have buffers beside it. The two ends have the same
Python, so `marshal` is enough; and it makes nothing but plain values of what it reads.
"""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol


class Connection(Protocol):
    """An end of a pipe, as `multiprocessing.connection.Connection`."""

    def send_bytes(self, buffer: Any) -> None:
        """Send some bytes as one message."""

    def recv_bytes(self) -> bytes:
        """Wait for the next message; EOFError if the other end is gone."""


class Message(NamedTuple):
    """What one end says to the other."""

    word: str
    values: tuple[Any, ...]
    buffers: list[bytes]


def send(
    connection: Connection, word: str, *values: Any, buffers: Sequence[memoryview | bytes] = ()
) -> None:
    """Send a message. Two threads must not do this at the same time."""
    connection.send_bytes(marshal.dumps((word, values, len(buffers))))
    for buffer in buffers:
        connection.send_bytes(buffer)


def receive(connection: Connection) -> Message:
    """Wait for the next message.

    Raises:
        EOFError: the other end is gone.
        OSError: this end is closed.
        ValueError: what came is no message.
    """
    try:
        word, values, count = marshal.loads(connection.recv_bytes())
        buffers = [connection.recv_bytes() for _ in range(count)]
    except TypeError as error:
        raise ValueError(f"it sent what is no message: {error}") from error
    return Message(word, values, buffers)
