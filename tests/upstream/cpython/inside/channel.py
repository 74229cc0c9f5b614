"""A queue from workers to the kernel, for the one test that sends its log through a queue."""

from __future__ import annotations

import asyncio
import pickle
import queue
import uuid
from collections import deque
from typing import Any

import js
from pyodide.ffi import create_proxy, run_sync, to_js

#: Seconds that a message may come after the end of its task: the two travel on different channels.
DELAY = 1.0


class ChannelQueue:
    """The part of `multiprocessing.Queue` that `logging.handlers.QueueHandler` uses."""

    def __init__(self, name: str | None = None) -> None:
        self._name = name or f"queue-{uuid.uuid4()}"
        self._channel = js.BroadcastChannel.new(self._name)
        self._items: deque[Any] = deque()
        if name is None:  # this is the original and not a copy in a worker
            self._channel.onmessage = create_proxy(self._receive)

    def __reduce__(self) -> tuple[type[ChannelQueue], tuple[str]]:
        return ChannelQueue, (self._name,)

    def _receive(self, event: Any) -> None:
        self._items.append(pickle.loads(event.data.to_bytes()))

    def put_nowait(self, item: object) -> None:
        self._channel.postMessage(to_js(pickle.dumps(item)))

    def get_nowait(self) -> Any:
        if not self._items:
            run_sync(self._wait_a_moment())
        try:
            return self._items.popleft()
        except IndexError:
            raise queue.Empty from None

    async def _wait_a_moment(self) -> None:
        for _ in range(100):
            if self._items:
                return
            await asyncio.sleep(DELAY / 100)
