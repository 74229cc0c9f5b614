"""A pool whose workers are processes of their own, without a browser.

Threads share the classes of the test, so they cannot show what a worker has of a class. These
workers can: each is a fresh Python, which has nothing but what was sent.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

from jupyterlite_pool.backends import threads
from jupyterlite_pool.wire.buffers import in_heap
from jupyterlite_pool.worker.runner import Runner
from jupyterlite_pool.worker.surroundings.surroundings import WorkerSurroundings

ROOT = Path(__file__).parents[2]
_SIZE = struct.Struct("<I")


def _write(stream: IO[bytes], message: Any) -> None:
    data = pickle.dumps(message)
    stream.write(_SIZE.pack(len(data)) + data)
    stream.flush()


def _read(stream: IO[bytes]) -> Any:
    head = stream.read(_SIZE.size)
    if len(head) < _SIZE.size:
        return None
    return pickle.loads(stream.read(_SIZE.unpack(head)[0]))


class _RemoteRunner:
    """Stands in this process for the runner of another one."""

    def __init__(self, worker: _Worker) -> None:
        self._worker = worker
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(worker.number)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
        assert self._process.stdin is not None
        self._to = self._process.stdin

    def put(self, key: str, payload: bytes, buffers: Any) -> None:
        _write(self._to, ("put", key, payload, [buffer.to_bytes() for buffer in buffers]))

    def drop(self, key: str) -> None:
        _write(self._to, ("drop", key))

    def cancel(self, batch: int) -> None:
        """Nothing: what was given runs to its end."""

    def run(self, batch: int, payload: bytes, buffers: Any) -> None:
        _write(self._to, ("run", batch, payload, [buffer.to_bytes() for buffer in buffers]))
        assert self._process.stdout is not None
        while True:
            message = _read(self._process.stdout)
            assert message is not None, "the worker's process has ended"
            method, *args = message
            getattr(self._worker, method)(*args)
            if method == "error" or (method == "result" and args[-1]):
                return

    def stop(self) -> None:
        self._to.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


class _Worker(threads._Worker):
    """A thread that speaks with a process."""

    def __init__(self, backend: threads.InProcessBackend, number: int) -> None:
        self._remote: Any = None
        super().__init__(backend, number)

    @property
    def runner(self) -> Any:
        if self._remote is None:
            self._remote = _RemoteRunner(self)
        return self._remote

    @runner.setter
    def runner(self, runner: Any) -> None:
        """The thread's own runner, which is not used."""

    def _serve(self) -> None:
        super()._serve()
        if self._remote is not None:
            self._remote.stop()


class OtherProcesses(threads.InProcessBackend):
    """Workers that are processes."""

    def _fill(self) -> None:
        with self._lock:
            for _ in range(self._roster.missing()):
                worker = _Worker(self, self._next_worker)
                self._next_worker += 1
                self._roster.add(worker.number, worker)


class _Port:
    """Sends a runner's messages to the process that has started this one."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def result(self, batch: int, payload: bytes, buffers: list[memoryview], done: bool) -> None:
        _write(self._stream, ("result", batch, payload, [bytes(b) for b in buffers], done))

    def begin(self, batch: int) -> None:
        _write(self._stream, ("begin", batch))

    def error(self, *about: Any) -> None:
        _write(self._stream, ("error", *about))

    def retire(self, reason: str) -> None:
        raise AssertionError(reason)

    def worn(self, message: str) -> None: ...

    def task(self, task: int) -> None: ...


def _serve(number: int) -> None:
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what tasks print must not be taken for a result
    sys.modules["__main__"].__dict__.clear()
    runner = Runner(_Port(results), number, os.getpid(), WorkerSurroundings())
    while (message := _read(sys.stdin.buffer)) is not None:
        kind, *args = message
        if kind == "run":
            batch, payload, buffers = args
            asyncio.run(runner.run(batch, payload, in_heap(buffers)))
        elif kind == "put":
            key, payload, buffers = args
            runner.put(key, payload, in_heap(buffers))
        else:
            runner.drop(*args)


if __name__ == "__main__":
    from tests.support.other_processes import _serve as serve

    threading.current_thread().name = "worker"
    serve(int(sys.argv[1]))
