"""A runner of a worker, and a port that writes down what the runner says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from jupyterlite_pool.wire.buffers import in_heap
from jupyterlite_pool.wire.calls import AS_THEY_ARE, encode_call, encode_function, join_calls
from jupyterlite_pool.wire.exceptions import decode_error
from jupyterlite_pool.wire.protocol import FAILED, CallBatch, ResultItem
from jupyterlite_pool.wire.results import read_value, split_results
from jupyterlite_pool.worker.runner import Runner


class Post(NamedTuple):
    """A message with results of a batch, decoded."""

    results: list[ResultItem]
    buffers: list[memoryview]
    done: bool

    def values(self) -> list[Any]:
        rest = iter(self.buffers)
        return [
            read_value(item, in_heap(islice(rest, item.buffers)))
            for item in self.results
            if item.kind != FAILED
        ]


class Recorder:
    """A port that keeps all messages."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.errors: list[tuple[int, str, str, str]] = []
        self.tasks: list[int] = []
        self.retired: list[str] = []
        self.begun: list[int] = []
        self.wear: list[str] = []

    def begin(self, batch: int) -> None:
        self.begun.append(batch)

    def worn(self, message: str) -> None:
        self.wear.append(message)

    def result(self, batch: int, payload: bytes, buffers: list[memoryview], done: bool) -> None:
        assert batch == BATCH
        results = [ResultItem._make(item) for item in split_results(payload)]
        self.posts.append(Post(results, buffers, done))

    def error(self, batch: int, type: str, message: str, traceback: str) -> None:
        self.errors.append((batch, type, message, traceback))

    def task(self, task: int) -> None:
        self.tasks.append(task)

    def retire(self, reason: str) -> None:
        self.retired.append(reason)

    @property
    def results(self) -> list[ResultItem]:
        return [result for post in self.posts for result in post.results]

    @property
    def values(self) -> list[Any]:
        return [value for post in self.posts for value in post.values()]

    def failure(self) -> BaseException:
        [error] = [decode_error(result.payload) for result in self.results if result.kind == FAILED]
        return error


BATCH = 7

#: The runner of the test, for functions that tests run: they are sent by name.
here: list[Runner] = []


def run(
    runner: Runner,
    function: Callable[..., Any],
    calls: Sequence[tuple[Any, ...]],
    **fields: Any,
) -> None:
    """Run a batch with one function, its tasks numbered from 100."""
    runner.drop("f")
    runner.put("f", *encode_function(function)[:2])
    encoded = [encode_call(function, args, {}) for args in calls]
    batch = CallBatch(
        100,
        "f",
        None,
        [
            args if call is AS_THEY_ARE else call.payload
            for args, call in zip(calls, encoded, strict=True)
        ],
        [1] * len(calls),
        [len(call.buffers) for call in encoded],
    )
    buffers = [buffer for call in encoded for buffer in call.buffers]
    asyncio.run(runner.run(BATCH, join_calls(batch._replace(**fields)), buffers))


def run_key(runner: Runner, key: str, *calls: tuple[Any, ...] | bytes) -> None:
    """Run a batch of calls of the function under a key, its tasks numbered from 1."""
    batch = CallBatch(1, key, None, list(calls), [1] * len(calls))
    asyncio.run(runner.run(BATCH, join_calls(batch), []))
