"""The Python half of a worker, with a port that writes down what it says."""

from __future__ import annotations

import asyncio
import gc
import importlib
import math
import pickle
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from jupyterlite_pool.errors import RemoteUnpicklingError
from jupyterlite_pool.wire.buffers import OUT_OF_BAND_BYTES, in_heap
from jupyterlite_pool.wire.calls import AS_THEY_ARE, encode_call, encode_function, join_calls
from jupyterlite_pool.wire.failure import decode_error
from jupyterlite_pool.wire.payload import encode
from jupyterlite_pool.wire.protocol import (
    ENVIRONMENT_PREFIX,
    FAILED,
    LOG_BYTES,
    MODULES_PREFIX,
    CallBatch,
    ResultItem,
)
from jupyterlite_pool.wire.results import read_value, split_results
from jupyterlite_pool.worker import runner as runner_module
from jupyterlite_pool.worker.context import WorkerInfo, current_worker
from jupyterlite_pool.worker.runner import Runner
from jupyterlite_pool.worker.surroundings.environment import Environment, Surroundings
from jupyterlite_pool.worker.surroundings.packages import Provided
from jupyterlite_pool.worker.surroundings.settings import look


class Post(NamedTuple):
    """What was posted of a batch, decoded."""

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
    """A port that keeps what it is told."""

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

#: What the functions below look at: they travel by name, since this module can be imported.
here: list[Runner] = []


@pytest.fixture
def port() -> Recorder:
    return Recorder()


@pytest.fixture
def runner(port: Recorder) -> Iterator[Runner]:
    runner = Runner(port, worker=3, pid=1003, environment=Environment())
    here.append(runner)
    yield runner
    here.clear()


@pytest.fixture
def _never_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "POST_INTERVAL", math.inf)


@pytest.fixture
def _always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "POST_INTERVAL", 0.0)


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
    """Run a batch of calls of what was put under a key, its tasks numbered from 1."""
    batch = CallBatch(1, key, None, list(calls), [1] * len(calls))
    asyncio.run(runner.run(BATCH, join_calls(batch), []))


@pytest.mark.usefixtures("_never_due")
def test_short_tasks_are_posted_together_at_the_end(runner: Runner, port: Recorder) -> None:
    run(runner, abs, [(-1,), (-2,), (-3,)])
    [post] = port.posts
    assert [result.task for result in post.results] == [100, 101, 102]
    assert port.values == [1, 2, 3]
    assert post.done


@pytest.mark.usefixtures("_always_due")
def test_results_are_posted_on_the_way_once_they_are_due(runner: Runner, port: Recorder) -> None:
    run(runner, abs, [(-1,), (-2,), (-3,)])
    assert [(len(post.results), post.done) for post in port.posts] == [
        (1, False),
        (1, False),
        (1, True),
    ]


def place_and_log(_: int) -> tuple[int, bytes]:
    """What JavaScript would read, and post, if Python died now."""
    place, used, _ = here[0].state
    return place, bytes(here[0].log[:used])


@pytest.mark.usefixtures("_never_due")
def test_what_is_finished_but_not_posted_can_be_read_when_python_has_died(
    runner: Runner, port: Recorder
) -> None:
    run(runner, place_and_log, [(0,), (1,), (2,)])
    assert [place for place, _ in port.values] == [0, 1, 2]
    finished = [list(map(ResultItem._make, split_results(log))) for _, log in port.values]
    assert [[item.task for item in items] for items in finished] == [[], [100], [100, 101]]
    assert read_value(finished[2][0], ()) == (0, b"")
    assert list(runner.state) == [-1, 0, 0]


def cancel_at(place: int, stop: int) -> int:
    if place == stop:
        here[0].cancel(BATCH)
    return place


@pytest.mark.usefixtures("_always_due")
def test_a_batch_is_cancelled_between_two_tasks(runner: Runner, port: Recorder) -> None:
    run(runner, cancel_at, [(0, 1), (1, 1), (2, 1)])
    assert port.values == [0, 1]  # the one that runs ends as it would
    assert port.posts[-1] == Post([], [], True)


@pytest.mark.usefixtures("_always_due")
def test_a_cancelled_number_is_forgotten_with_its_batch(runner: Runner, port: Recorder) -> None:
    run(runner, cancel_at, [(0, 0), (1, 0)])
    run(runner, cancel_at, [(2, 0), (3, 0)])
    assert port.values == [0, 2, 3]


def big(size: int) -> bytes:
    return b"x" * size


@pytest.mark.usefixtures("_never_due")
def test_a_result_larger_than_the_log_is_posted_in_its_turn(runner: Runner, port: Recorder) -> None:
    run(runner, big, [(1,), (LOG_BYTES + 1,), (2,)])
    assert [len(value) for value in port.values] == [1, LOG_BYTES + 1, 2]
    assert [(len(post.results), post.done) for post in port.posts] == [
        (1, False),
        (1, False),
        (1, True),
    ]


@pytest.mark.usefixtures("_never_due")
def test_a_log_that_is_full_is_posted(runner: Runner, port: Recorder) -> None:
    run(runner, big, [(LOG_BYTES // 2,), (LOG_BYTES // 2,), (1,)])
    assert [len(value) for value in port.values] == [LOG_BYTES // 2, LOG_BYTES // 2, 1]
    assert [result.task for result in port.results] == [100, 101, 102]


def buffer_of(size: int) -> Any:
    return pickle.PickleBuffer(bytes(size))


def test_a_large_buffer_goes_beside_its_result(runner: Runner, port: Recorder) -> None:
    run(runner, buffer_of, [(OUT_OF_BAND_BYTES,)])
    first, last = port.posts
    assert [buffer.nbytes for buffer in first.buffers] == [OUT_OF_BAND_BYTES]
    assert first.results[0].buffers == 1
    assert (first.done, last.results, last.done) == (False, [], True)


def test_a_batch_that_cannot_be_read_is_an_error_of_the_whole(
    runner: Runner, port: Recorder
) -> None:
    asyncio.run(runner.run(BATCH, b"no pickle", []))
    [(batch, kind, _, traceback)] = port.errors
    assert (batch, kind) == (BATCH, "UnpicklingError")
    assert "Traceback" in traceback
    assert port.posts == []


def test_a_task_that_cannot_be_read_costs_nothing_but_itself(
    runner: Runner, port: Recorder
) -> None:
    runner.put("f", *encode_function(abs)[:2])
    run_key(runner, "f", (-1,), b"no pickle", (-3,))
    assert [(result.task, result.kind == FAILED) for result in port.results] == [
        (1, False),
        (2, True),
        (3, False),
    ]
    assert isinstance(port.failure(), RemoteUnpicklingError)


def test_a_function_that_cannot_be_read_fails_its_tasks_only(
    runner: Runner, port: Recorder
) -> None:
    runner.put("bad", b"no pickle", [])
    run_key(runner, "bad", (-1,))
    assert isinstance(port.failure(), RemoteUnpicklingError)
    run(runner, abs, [(-5,)])
    assert port.values == [5]


def fail(kind: type[BaseException], *args: object) -> None:
    raise kind(*args)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit, ValueError])
def test_an_exit_is_the_tasks_own(
    runner: Runner, port: Recorder, kind: type[BaseException]
) -> None:
    run(runner, fail, [(kind, 3), (kind, 4)])
    assert [type(decode_error(result.payload)) for result in port.results] == [kind, kind]
    assert port.posts[-1].done


def lock_of(_: int) -> object:
    import threading

    return threading.Lock()


def test_a_result_that_cannot_be_sent_is_an_error_of_its_task(
    runner: Runner, port: Recorder
) -> None:
    run(runner, lock_of, [(1,)])
    assert isinstance(port.failure(), pickle.PicklingError)


async def slowly(x: int) -> int:
    await asyncio.sleep(0)
    return x + 1


def test_an_async_function_is_awaited(runner: Runner, port: Recorder) -> None:
    run(runner, slowly, [(1,), (2,)])
    assert port.values == [2, 3]


def who(_: int) -> WorkerInfo | None:
    return current_worker()


def test_a_task_knows_its_worker_and_only_a_task(runner: Runner, port: Recorder) -> None:
    run(runner, who, [(0,)], attempts=[2])
    assert [tuple(value) for value in port.values] == [(3, 1003, 2)]
    assert current_worker() is None


def test_the_port_is_told_whose_output_comes(runner: Runner, port: Recorder) -> None:
    run(runner, abs, [(-1,), (-2,)])
    assert port.tasks == [100, 101, -1]


def draw(_: int) -> float:
    return random.random()


def test_a_seeded_task_draws_the_same_whatever_ran_before(runner: Runner, port: Recorder) -> None:
    run(runner, draw, [(0,)], seeds=[(1, 5)])
    run(runner, draw, [(0,), (0,)], seeds=[(1, 6)] * 2)
    run(runner, draw, [(0,)], seeds=[(1, 5)])
    first, second, third, again = port.values
    assert first == again
    assert second == third
    assert first != second


def test_a_function_that_was_dropped_is_gone(runner: Runner, port: Recorder) -> None:
    run(runner, abs, [(-1,)])
    runner.drop("f")
    run_key(runner, "f", (-1,))
    assert "KeyError" in str(port.failure())


def environment_key(number: int) -> str:
    return f"{ENVIRONMENT_PREFIX}{number}"


class Packages:
    """A lock file with one package."""

    def __init__(self) -> None:
        self.loaded: list[Sequence[str]] = []

    async def load(self, names: Sequence[str]) -> dict[str, str]:
        self.loaded.append(list(names))
        return {}

    def load_now(self, name: str) -> str | None:
        return "there is no such package"

    def laid_down(self, name: str) -> None: ...

    def forget(self, name: str) -> None: ...


@pytest.fixture
def finders() -> Iterator[None]:
    """Finders and settings of a worker, which are gone afterwards."""
    before = list(sys.meta_path), list(sys.path)
    yield
    sys.meta_path[:], sys.path[:] = before


def surroundings(edition: int, **changed: Any) -> Surroundings:
    none = Surroundings(edition, [], {}, {}, None, list(sys.path), encode(look()).payload)
    return none._replace(**changed)


def put_surroundings(runner: Runner, wanted: Surroundings) -> str:
    key = environment_key(wanted.edition)
    runner.put(key, *encode(tuple(wanted))[:2])
    return key


@pytest.mark.usefixtures("finders")
def test_surroundings_are_brought_about_before_the_task_that_names_them(
    port: Recorder, tmp_path: Path
) -> None:
    packages = Packages()
    runner = Runner(port, 0, 1000, Environment(packages, str(tmp_path)))
    path = [*sys.path, "/of/the/notebook"]
    key = put_surroundings(runner, surroundings(1, packages=["a"], path=path))
    run(runner, abs, [(-1,), (-2,)], environment=key)
    assert packages.loaded == [["a"]]
    assert port.values == [1, 2]
    assert sys.path == path


@pytest.mark.usefixtures("finders")
def test_a_package_that_cannot_be_had_fails_the_task_that_imports_it(
    port: Recorder, tmp_path: Path
) -> None:
    runner = Runner(port, 0, 1000, Environment(Packages(), str(tmp_path)))
    provides = {"nowhere": Provided("no-where", "1.2")}
    key = put_surroundings(runner, surroundings(1, provides=provides))
    run(runner, abs, [(-1,)], environment=key)
    assert port.values == [1]
    run(runner, importlib.import_module, [("nowhere",)], environment=key)
    error = port.failure()
    assert isinstance(error, ImportError)
    assert "no-where 1.2, which the notebook has: there is no such package" in str(error)


@pytest.mark.usefixtures("finders")
def test_a_worker_that_imported_what_has_changed_gives_its_tasks_back(
    port: Recorder, tmp_path: Path
) -> None:
    runner = Runner(port, 0, 1000, Environment(Packages(), str(tmp_path)))
    keys = []
    for edition, source in enumerate([b"x = 1", b"x = 2"]):
        part = f"{MODULES_PREFIX}{edition}"
        sent = {"of_the_notebook": ("/nowhere/of_the_notebook.py", source, None)}
        runner.put(part, *encode(sent)[:2])
        keys.append(put_surroundings(runner, surroundings(edition, modules=part)))
    try:
        run(runner, importlib.import_module, [("of_the_notebook",)], environment=keys[0])
        assert sys.modules["of_the_notebook"].x == 1
        run(runner, abs, [(-3,)], environment=keys[0])
        assert port.retired == []
        run(runner, abs, [(-4,)], environment=keys[1])
        assert port.retired == ["of_the_notebook has changed since it was imported"]
        assert port.values[-1] == 3
    finally:
        del sys.modules["of_the_notebook"]


class Token:
    pass


def test_a_value_is_not_kept_once_it_was_posted(runner: Runner) -> None:
    gc.collect()
    before = sum(isinstance(thing, Token) for thing in gc.get_objects())
    run(runner, Token, [()])
    gc.collect()
    assert sum(isinstance(thing, Token) for thing in gc.get_objects()) == before


def interrupt_now(_: int) -> int:
    here[0].interrupt()
    return 1


async def interrupt_while_awaited(_: int) -> None:
    await asyncio.sleep(0)
    here[0].interrupt()


@pytest.mark.parametrize("function", [interrupt_now, interrupt_while_awaited])
def test_a_task_that_is_interrupted_is_stopped_and_the_next_one_runs(
    runner: Runner, port: Recorder, function: Callable[..., Any]
) -> None:
    run(runner, function, [(1,)])
    assert isinstance(port.failure(), KeyboardInterrupt)
    port.posts.clear()
    runner.drop("f")
    run(runner, abs, [(-5,)])
    assert port.values == [5]


def test_what_is_no_task_is_not_interrupted(runner: Runner, port: Recorder) -> None:
    runner.interrupt()
    run(runner, abs, [(-5,)])
    runner.interrupt()
    assert port.values == [5]


def test_a_task_with_a_time_limit_says_when_it_begins(runner: Runner, port: Recorder) -> None:
    run(runner, abs, [(-5,)], timed=True)
    assert port.begun == [BATCH]
    run(runner, abs, [(-5,)])
    assert port.begun == [BATCH]


def run_out(_: int) -> None:
    raise MemoryError


def test_a_worker_that_ran_out_of_memory_says_that_it_is_worn(
    runner: Runner, port: Recorder
) -> None:
    run(runner, run_out, [(1,)])
    assert isinstance(port.failure(), MemoryError)
    assert port.wear == ["it ran out of memory"]
