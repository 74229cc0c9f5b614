"""Workers inside a worker of Dask: each of its threads is one of ours, with a runner of its own.

Dask runs `run_batch` as a task, and the other functions in its event loop. What is to be seen
before a batch is over goes out as events of Dask.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import io
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..wire.buffers import in_heap
from .memory import memory_of
from .output import TaskStream
from .runner import Runner
from .surroundings.surroundings import WorkerSurroundings

#: Results that others may see before their batch is over: of this many bytes at most, and
#: with this many seconds between them. All results come with the end of the batch in any case.
EARLY_BYTES, EARLY_SECONDS = 65536, 0.1

#: Seconds between two attempts to stop a task.
ASK_AGAIN = 0.05

#: An object of the pool: its key, its bytes and its buffers.
Object = tuple[str, tuple[bytes, Sequence[bytes]]]

#: Some results of a batch: bytes, and the buffers beside them.
Piece = tuple[bytes, list[bytes]]

#: Sends an event: a word and plain values.
Post = Callable[..., None]


class _Router(io.TextIOBase):
    """A stream that writes to the seat whose task prints, or where the process has always written.

    Threads that a task starts write there, too.
    """

    encoding = "utf-8"

    def __init__(self, name: str, other: Any) -> None:
        super().__init__()
        self._name = name
        self._other = other

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, text: str) -> int:
        """Write to the seat of this thread."""
        seat = _seat_of.get(threading.get_ident())
        return int((self._other if seat is None else seat.streams[self._name]).write(text))

    def flush(self) -> None:
        """Post what the seat of this thread holds."""
        seat = _seat_of.get(threading.get_ident())
        (self._other if seat is None else seat.streams[self._name]).flush()


class Seat:
    """One of our workers in this process. It is the port of its runner."""

    def __init__(self, number: int) -> None:
        self._loop = asyncio.new_event_loop()
        pid = os.getpid()
        self._runner = Runner(
            self, number, pid, WorkerSurroundings(), memory=lambda: memory_of(pid)
        )
        self._post: Post = lambda *_: None
        self._task = -1
        self._pieces: list[Piece] = []
        #: How many of them went out before the end of the batch, and when the last one did.
        self._early, self._early_at = 0, 0.0
        self._error: tuple[str, str, str] | None = None
        self._worn: str | None = None
        #: Whether a batch has it, from before it runs until after.
        self.busy = False
        #: Whether it is forgotten after that.
        self.leaving = False
        #: The batch that runs, and its thread.
        self._batch: int | None = None
        self._thread = 0

        def stream(name: str) -> TaskStream:
            return TaskStream(lambda text: self._post("output", self._task, name, text))

        self.streams = {"stdout": stream("stdout"), "stderr": stream("stderr")}
        self.streams["stdout"].pair_with(self.streams["stderr"])

    def work(
        self, post: Post, batch: int, payload: bytes, buffers: Sequence[bytes]
    ) -> dict[str, Any]:
        """Run a batch; returns its results, and what else there is to say."""
        self._post, self._pieces, self._error = post, [], None
        self._early, self._early_at = 0, time.monotonic()
        self._thread = threading.get_ident()
        self._batch = batch
        _seat_of[self._thread] = self
        try:
            self._loop.run_until_complete(self._runner.run(batch, payload, in_heap(buffers)))
        finally:
            del _seat_of[self._thread]
            self._batch = None
        return {"pieces": self._pieces, "error": self._error, "worn": self._worn}

    def keep(self, key: str, payload: bytes, buffers: Sequence[bytes]) -> None:
        """Keep an object."""
        self._runner.put(key, payload, in_heap(buffers))

    def drop(self, key: str) -> None:
        """Forget an object."""
        self._runner.drop(key)

    def cancel(self, batch: int) -> None:
        """Start no more tasks of a batch."""
        self._runner.cancel(batch)

    def close(self) -> None:
        """It runs no more batches."""
        self._loop.close()

    def runs(self, batch: int) -> bool:
        """Whether it runs this batch."""
        return self._batch == batch

    def stop(self, batch: int) -> None:
        """Raise `KeyboardInterrupt` in the task that runs, as soon as it may be stopped."""
        while self._batch == batch:
            frame = sys._current_frames().get(self._thread)
            try:
                self._runner.interrupt(frame)
            except KeyboardInterrupt:
                raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
                raise_in(ctypes.c_ulong(self._thread), ctypes.py_object(KeyboardInterrupt))
                return
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._runner.interrupt_awaited)
            time.sleep(ASK_AGAIN)

    # The runner's port.

    def result(self, batch: int, payload: bytes, buffers: list[memoryview], done: bool) -> None:
        """As `Port.result`. Small results may go out at once, as long as those before them did."""
        if not payload:
            return
        self._pieces.append((payload, [bytes(buffer) for buffer in buffers]))
        now = time.monotonic()
        if done or now - self._early_at < EARLY_SECONDS:
            return
        self._early_at = now
        for payload, own in self._pieces[self._early :]:
            if own or len(payload) > EARLY_BYTES:
                break
            self._post("early", batch, self._early, payload)
            self._early += 1

    def begin(self, batch: int) -> None:
        """As `Port.begin`."""
        self._post("begin", batch)

    def worn(self, message: str) -> None:
        """As `Port.worn`."""
        self._worn = message

    def error(self, batch: int, type: str, message: str, traceback: str) -> None:
        """As `Port.error`."""
        self._error = type, message, traceback

    def task(self, task: int) -> None:
        """As `Port.task`; first posts the output of the task before."""
        for stream in self.streams.values():
            if stream.held:
                stream.flush()
        self._task = task

    def retire(self, reason: str) -> None:
        """As `Port.retire`. Never called: the worker has surroundings of its own."""


#: The seats of this process, by the pool's name and the worker's number.
_seats: dict[tuple[str, int], Seat] = {}

#: The names of pools that have ended.
_closed: set[str] = set()

#: The seats whose batches run, by their threads.
_seat_of: dict[int, Seat] = {}

_lock = threading.Lock()


def hello() -> int:
    """Make sure that output of tasks is heard; returns the number of this process."""
    with _lock:
        if not isinstance(sys.stdout, _Router):
            sys.stdout = _Router("stdout", sys.stdout)
            sys.stderr = _Router("stderr", sys.stderr)
    return os.getpid()


def run_batch(
    pool: str,
    number: int,
    batch: int,
    call: tuple[bytes, Sequence[bytes]],
    objects: Sequence[Object],
    dropped: Sequence[str],
) -> dict[str, Any]:
    """Run a batch at a seat of this process: a task of Dask."""
    from distributed import get_worker

    log_event = get_worker().log_event

    def post(word: str, *values: Any) -> None:
        log_event(pool, {"seat": number, "word": word, "values": list(values)})

    hello()
    with _lock:
        seat = _seats.get((pool, number))
        if seat is None:
            seat = _seats[pool, number] = Seat(number)
        seat.busy = True
    try:
        for key in dropped:
            seat.drop(key)
        for key, (payload, buffers) in objects:
            seat.keep(key, payload, buffers)
        return seat.work(post, batch, *call)
    finally:
        with _lock:
            seat.busy = False
            gone = _taken_out(pool, number) if seat.leaving or pool in _closed else []
        _close(gone)


def cancel_batch(pool: str, number: int, batch: int) -> None:
    """Start no more tasks of a batch."""
    seat = _seats.get((pool, number))
    if seat is not None:
        seat.cancel(batch)


def stop_batch(pool: str, number: int, batch: int) -> None:
    """Stop the task of a batch that runs."""
    seat = _seats.get((pool, number))
    if seat is not None:
        threading.Thread(target=seat.stop, args=(batch,), daemon=True).start()


async def end_batch(pool: str, number: int, batch: int, grace: float) -> bool:
    """Stop the task of a batch that runs; whether it has ended in time."""
    stop_batch(pool, number, batch)
    seat = _seats.get((pool, number))
    deadline = time.monotonic() + grace
    while seat is not None and seat.runs(batch):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(ASK_AGAIN)
    return True


def close_seat(pool: str, number: int) -> None:
    """Forget a worker that its pool needs no more: one that runs something, when it is over."""
    with _lock:
        gone = _taken_out(pool, number)
    _close(gone)


def close_seats(pool: str) -> None:
    """Forget the workers of a pool that has ended."""
    with _lock:
        _closed.add(pool)
        numbers = [number for name, number in _seats if name == pool]
        gone = [seat for number in numbers for seat in _taken_out(pool, number)]
    _close(gone)


def _taken_out(pool: str, number: int) -> list[Seat]:
    """A seat that runs nothing, taken out; for any other, note that it is leaving."""
    seat = _seats.get((pool, number))
    if seat is None:
        return []
    seat.leaving = True
    return [] if seat.busy else [_seats.pop((pool, number))]


def _close(seats: list[Seat]) -> None:
    """Close seats that were taken out: without the lock, since what they kept may run code."""
    for seat in seats:
        seat.close()
