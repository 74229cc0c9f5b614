"""Hears what happens in the pool, and tells the backend's listener."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable
from typing import Any

from pyodide.ffi import create_proxy

from ..base import Listener, WorkerEnd
from .js import js_object, or_none

#: Bytes of a word in events that come packed.
_WORD = 4


class PoolEvents:
    """Translates the events of JavaScript's pool into calls of a `Listener`."""

    def __init__(self) -> None:
        #: None before the pool starts, and after it was stopped.
        self._listener: Listener | None = None
        #: The functions that the pool calls.
        self._proxies: dict[str, Any] = {}
        #: What to call when the time limit of a lane is exceeded, and when the page cancels a lane.
        self.lane_limits: dict[int, Callable[[], None]] = {}
        self.lane_cancels: dict[int, Callable[[], None]] = {}

    def connect(self, listener: Listener) -> Any:
        """Tell a listener everything from now on.

        Returns:
            What the pool must tell, as `NewsListener` in TypeScript.
        """
        self._listener = listener
        functions = {"event": self.hear, "gathered": self.hear_gathered}
        self._proxies = {name: create_proxy(each) for name, each in functions.items()}
        return js_object(**self._proxies)

    def mute(self) -> None:
        """Tell the listener nothing any more, also nothing of the events that are being told."""
        self._listener = None

    def disconnect(self) -> None:
        """Let go of JavaScript. The pool must have stopped."""
        for proxy in self._proxies.values():
            # Later, because this call may come from within a call of the proxy.
            asyncio.get_event_loop().call_soon(proxy.destroy)

    def hear(self, event: Any) -> None:
        """Tell the listener of an event; its form is `Told` in TypeScript."""
        listener = self._listener
        if listener is None:
            return
        try:
            self._hear_one(listener, event)
        except Exception:  # JavaScript would not show it in the notebook
            traceback.print_exc()

    def _hear_one(self, listener: Listener, event: Any) -> None:
        kind = event.type
        if kind == "frame":
            _hear_frame(listener, event.worker, event.frame)
        elif kind == "ready":
            listener.on_worker_ready(event.worker)
        elif kind == "ended":
            ended = event.end
            status, running = or_none(ended.status), or_none(ended.running)
            end = WorkerEnd(ended.reason, ended.message, status, running, ended.memory)
            batch, behind = or_none(event.batch), event.behind.to_py()
            listener.on_worker_ended(event.worker, batch, end, behind, event.untaken.to_py())
        elif kind == "cancelled":
            listener.on_cancelled(event.batch, event.taken)
        elif kind == "laneExpired":
            self.lane_limits.pop(event.lane, lambda: None)()
        elif kind == "laneCancelled":
            self.lane_cancels.pop(event.lane, lambda: None)()
        elif kind == "expired":
            listener.on_expired(event.worker, event.batch)
        elif kind == "limited":
            listener.on_limited(event.workers)
        elif kind == "broken":
            listener.on_broken(event.message)

    def hear_gathered(self, packed: Any) -> None:
        """Tell of many small events, which come packed: `GatheredEvent` in TypeScript."""
        payload = packed.to_bytes()
        end = _WORD * (1 + int.from_bytes(payload[:_WORD], sys.byteorder))
        each = iter(memoryview(payload)[_WORD:end].cast("i"))
        for worker, batch, size, done in zip(each, each, each, each, strict=True):
            listener = self._listener
            if listener is None:
                return
            try:
                if size < 0:
                    listener.on_dispatched(worker, batch)
                else:
                    start, end = end, end + size
                    listener.on_result(worker, batch, payload[start:end], (), bool(done))
            except Exception:  # the other events must be heard
                traceback.print_exc()


def _hear_frame(listener: Listener, worker: int, frame: Any) -> None:
    kind = frame.kind
    if kind == "result":
        payload, buffers = frame.payload.to_bytes(), list(frame.buffers)
        listener.on_result(worker, frame.batch, payload, buffers, frame.done)
    elif kind == "output":
        listener.on_output(worker, frame.task, frame.stream, frame.text)
    else:
        listener.on_batch_error(worker, frame.batch, frame.type, frame.message, frame.traceback)
