"""The faults that a task, a worker or a caller can cause, one function each.

Each function takes a `Scene`, causes the fault and checks how the task ends. It returns the instant
of the fault, from which the time until it is known is counted. If it returns None, that instant is
the one that the task has reported, or else the instant of the call.
"""

from __future__ import annotations

import asyncio
import ctypes
import functools
import os
import pickle
import random
import re
import sys
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from jupyterlite_pool import WorkerPoolExecutor, current_worker
from jupyterlite_pool.errors import RemoteUnpicklingError, TaskTimeoutError, TerminatedWorkerError
from jupyterlite_pool.jobs.options import MapOptions

from .door import in_broker
from .forging import forge
from .load import Load, breaks, marked, marked_async, now, until

#: The time limit of tasks that loop, in seconds.
LIMIT = 1.0

#: Seconds in which a task may obey when it was asked to stop.
GRACE = 1.0


class Targets(NamedTuple):
    """Times within which a fault should be known and over, as shares of an ordinary start."""

    #: From the fault to the error on the task's future.
    known: float
    #: To the next result of a pool that has all its workers again.
    back: float


#: If a spare is ready.
USUAL = Targets(known=0.02, back=0.05)
#: If no browser reports the fault, and the pool learns of it by a lock.
UNTOLD = Targets(known=0.05, back=0.05)
#: If a worker has to start.
NO_SPARE = Targets(known=0.02, back=1.5)


class Scene(NamedTuple):
    """The pool in which a fault happens, and the records of the round."""

    executor: WorkerPoolExecutor
    load: Load
    rng: random.Random
    #: The name of this round's task.
    name: str
    #: Checks that take time, and run after all times were measured.
    checks: list[Callable[[], Awaitable[None]]]
    #: More figures of this round.
    told: dict[str, float]

    async def error_of(self, function: Callable[..., Any], *args: Any) -> BaseException:
        """The exception with which a task ends."""
        try:
            value = await self.executor.submit(marked, self.name, function, *args)
        except BaseException as error:
            return error
        raise AssertionError(f"it gave {value!r}")

    def worker(self) -> int:
        """The worker that runs the task of this round."""
        [worker] = [
            batch.worker
            for batch in self.executor._pool.dispatcher.ledger.all()
            if any(task.args[:1] == (self.name,) for task in batch.tasks)
        ]
        assert worker is not None
        return worker

    async def handle(self, worker: int, then: str) -> Any:
        """Evaluate JavaScript with `handle`, the pool's object for a worker; its value."""
        return await in_broker(self.executor, f"(handle => {then})(pool.crew.get({worker}))")

    async def error_in_time(self, function: Callable[..., Any], limit: float) -> BaseException:
        """The exception with which a task with a time limit ends."""
        job = self.executor._pool.start_job(
            lambda _, name=self.name: marked(name, function),
            [[0]],
            MapOptions(task_timeout=limit, return_exceptions=True),
        )
        await asyncio.wrap_future(job.ended)
        return job.outcomes.failures[0]


Fault = Callable[[Scene], Awaitable["float | None"]]


class Listed(NamedTuple):
    """A fault in the list of all faults."""

    words: str
    act: Fault
    #: Whether the pool replaces a worker because of it. None if that depends on the machine: a task
    #: has a few hundredths of a second to stop, and on a busy machine it may need longer.
    replaces: bool | None
    #: None if the fault takes time, if nothing is ever wrong, or if a pool is started.
    targets: Targets | None


FAULTS: dict[str, Listed] = {}


def fault(
    words: str, *, replaces: bool | None, targets: Targets | None = USUAL
) -> Callable[[Fault], Fault]:
    """Add a fault to the list, under its function's name."""

    def enter(act: Fault) -> Fault:
        FAULTS[act.__name__] = Listed(words, act, replaces, targets)
        return act

    return enter


def check_loss(error: BaseException, reason: str, status: int | None = None) -> None:
    """Check that an error says that a task had started and was lost with its worker."""
    assert isinstance(error, TerminatedWorkerError), repr(error)
    assert (error.reason, error.exit_status, error.started) == (reason, status, True), (
        error.reason,
        error.exit_status,
        error.started,
    )


# A task raises.


def _raise(kind: type[BaseException]) -> None:
    raise kind("on purpose")


@fault("a task raises `ValueError`, `SystemExit` or `KeyboardInterrupt`", replaces=False)
async def raises(scene: Scene) -> None:
    for kind in (ValueError, SystemExit, KeyboardInterrupt):
        error = await scene.error_of(_raise, kind)
        assert type(error) is kind
        assert error.__cause__ is not None
        del scene.load.starts[scene.name]  # the next task has the same name


# Python dies.


def _exit() -> None:
    breaks()
    os._exit(7)


def _abort() -> None:
    breaks()
    os.abort()


def _trap() -> None:
    breaks()
    ctypes.string_at(0xFFFFFFF0)


@fault("a task calls `os._exit(7)`", replaces=True)
async def exits(scene: Scene) -> None:
    check_loss(await scene.error_of(_exit), "exited", 7)


@fault("a task calls `os._exit(7)`, and no spare is ready", replaces=True, targets=NO_SPARE)
async def exits_without_a_spare(scene: Scene) -> None:
    end_spares = "[...pool.crew.reserve.spares.values()].forEach(({handle}) => handle.terminate())"
    await in_broker(scene.executor, end_spares)
    await until(lambda: scene.executor.status().spares == 0)
    check_loss(await scene.error_of(_exit), "exited", 7)


@fault("a task calls `os.abort()`", replaces=True)
async def aborts(scene: Scene) -> None:
    check_loss(await scene.error_of(_abort), "fatal")


@fault("a task reads memory that is not there", replaces=True)
async def traps(scene: Scene) -> None:
    check_loss(await scene.error_of(_trap), "fatal")


def _nest_partials() -> None:
    nested: Any = abs
    for _ in range(100_000):
        nested = functools.partial(nested)
        nested.__dict__["keep"] = 1  # or Python joins them into one
    breaks()
    nested(1)


def _deep_repr() -> str:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    sys.setrecursionlimit(1_000_000)
    breaks()
    return repr(nested)


@fault("a task recurses until the stack of C overflows", replaces=True)
async def overflows(scene: Scene) -> None:
    error = await scene.error_of(scene.rng.choice([_nest_partials, _deep_repr]))
    check_loss(error, "fatal")


def _recurse(n: int = 0) -> int:
    return _recurse(n + 1)


@fault("a task recurses for ever in Python", replaces=False)
async def recurses(scene: Scene) -> None:
    assert isinstance(await scene.error_of(_recurse), RecursionError)


def _nest(depth: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(depth):
        nested = [nested]
    breaks()
    return nested


@fault("a task returns a list of 100,000 lists in each other", replaces=True)
async def returns_what_is_too_deep(scene: Scene) -> None:
    check_loss(await scene.error_of(_nest, 100_000), "fatal")


# Memory.


def _fill_memory() -> int:
    held = []
    while True:
        held.append(bytearray(64 << 20))


@fault("a task takes memory until there is none", replaces=True, targets=None)
async def fills_memory(scene: Scene) -> None:
    error = await scene.error_of(_fill_memory)
    assert isinstance(error, MemoryError), repr(error)


# Time.


def _loop() -> None:
    while True:
        pass


def _loop_in_c() -> int:
    return sum(range(10**12))


def _loop_in_a_regex() -> object:
    return re.match(r"(a+)+$", "a" * 40 + "b")


async def _overdue(scene: Scene, function: Callable[[], Any], grace: float = GRACE) -> float:
    error = await scene.error_in_time(function, LIMIT)
    assert isinstance(error, TaskTimeoutError), repr(error)
    # The limit counts from the task's own start, and the task may have waited for a worker.
    due = scene.load.started_at[scene.name] + LIMIT + grace
    scene.told["overrun"] = max(0.0, now() - due) / LIMIT
    return min(due, now())


@fault("a task loops for ever in Python, with a time limit", replaces=None)
async def loops(scene: Scene) -> float:
    return await _overdue(scene, _loop)


@fault("a task loops for ever in C, with a time limit", replaces=True)
async def loops_in_c(scene: Scene) -> float:
    return await _overdue(scene, _loop_in_c)


# The engine of regular expressions looks for signals, as loops of Python do.
@fault("a task's regular expression never ends, with a time limit", replaces=None)
async def loops_in_a_regex(scene: Scene) -> float:
    return await _overdue(scene, _loop_in_a_regex)


async def _end_of(lock: str) -> None:
    """Wait until the browser has ended a worker: until then the worker holds its lock."""
    import js
    from pyodide.ffi import create_once_callable

    await js.navigator.locks.request(lock, create_once_callable(lambda _: None))


def _talk() -> None:
    while True:
        print("talking", flush=True)


@fault("a worker is killed while its task goes on talking", replaces=True)
async def talks_on(scene: Scene) -> float:
    future = scene.executor.submit(marked, scene.name, _talk)
    await until(lambda: "talking" in scene.load.printed)
    worker = scene.worker()
    lock = await scene.handle(worker, "handle.life.lock")
    killed = now()
    scene.executor._pool.backend.kill(worker)
    try:
        await future
    except TerminatedWorkerError as error:
        check_loss(error, "terminated")
    scene.load.printed.clear()

    async def check_nobody_hears_it() -> None:
        await _end_of(lock)  # the task printed until then
        assert "talking" not in scene.load.printed

    scene.checks.append(check_nobody_hears_it)
    return killed


# A worker ends, and its Python does not notice.


async def _close() -> None:
    import js

    breaks()
    js.self.close()
    await asyncio.sleep(3600)


@fault("a task closes its worker", replaces=True, targets=UNTOLD)
async def closes(scene: Scene) -> None:
    try:
        value = await scene.executor.submit(marked_async, scene.name, _close)
    except TerminatedWorkerError as error:
        check_loss(error, "silent")
    else:
        raise AssertionError(f"it gave {value!r}")


@fault("the browser ends a worker, and tells nobody", replaces=True, targets=UNTOLD)
async def vanishes(scene: Scene) -> float:
    future = scene.executor.submit(marked_async, scene.name, asyncio.sleep, 3600)
    await until(lambda: scene.load.starts[scene.name])
    gone = now()
    await scene.handle(scene.worker(), "handle.worker.terminate()")
    try:
        value = await future
    except TerminatedWorkerError as error:
        check_loss(error, "silent")
    else:
        raise AssertionError(f"it gave {value!r}")
    return gone


def _leave(what: str) -> int:
    import js

    breaks()
    js.eval(what)
    return 5


#: JavaScript that throws, or rejects a promise, when its task has ended.
LATE = ["setTimeout(() => { throw new Error('late') }, 0)", "void Promise.reject('late')"]


@fault("a task leaves behind what throws after its end", replaces=True)
async def throws_late(scene: Scene) -> None:
    what = scene.rng.choice(LATE)
    assert await scene.executor.submit(marked, scene.name, _leave, what) == 5


def _close_when_told(channel: str) -> int:
    """Make this worker close itself when a message comes on a channel, while it has no task."""
    import js

    js.eval(f"new BroadcastChannel({channel!r}).onmessage = () => self.close()")
    worker = current_worker()
    assert worker is not None
    return worker.id


#: Delays the messages that tell a pool of a worker's end, until `release` is called.
HOLD_BACK = """handle => {
  const { onmessage } = handle.tasks;
  const miss = handle.life.missWorker.bind(handle.life);
  const held = [];
  const heard = new Promise(resolve => {
    handle.tasks.onmessage = event => resolve(held.push(() => onmessage(event)));
    handle.life.missWorker = () => resolve(held.push(miss));
  });
  return { heard, release: () => held.forEach(tell => tell()) };
}"""


@fault("an idle worker ends, and tasks come before the pool knows", replaces=True)
async def ends_between_tasks(scene: Scene) -> float:
    import js

    await scene.load.stop()
    executor = scene.executor
    if scene.rng.random() < 0.5:
        victim = await executor.submit(_close_when_told, scene.name)
        await scene.handle(victim, f"void (globalThis.held = ({HOLD_BACK})(handle))")
        js.BroadcastChannel.new(scene.name).postMessage(None)
    else:
        victim = scene.rng.choice(sorted(executor.ready_workers))
        await scene.handle(victim, f"void (globalThis.held = ({HOLD_BACK})(handle))")
        await scene.handle(victim, "handle.worker.terminate()")
    await in_broker(executor, "held.heard.then(() => null)")
    futures = [executor.submit(marked, f"{scene.name} {i}", abs, -i) for i in range(20)]
    while not await scene.handle(victim, "handle.inbox.length"):
        await asyncio.sleep(0.01)  # the calls are on their way
    told = now()
    await in_broker(executor, "held.release()")
    assert [await future for future in futures] == list(range(20))
    scene.load.start()
    return told


# Objects that cannot travel.


class _ErrorAtPickle:
    def __reduce__(self) -> Any:
        raise LookupError("not to be pickled")


class _ExitAtPickle:
    def __reduce__(self) -> Any:
        sys.exit("not to be pickled")


class _ErrorAtUnpickle:
    def __reduce__(self) -> Any:
        return _raise, (LookupError,)


class _ExitAtUnpickle:
    def __reduce__(self) -> Any:
        return _exit, ()


@fault("an argument cannot be pickled", replaces=False)
async def cannot_be_sent(scene: Scene) -> None:
    for thing in (_ErrorAtPickle(), sys._getframe(), (i for i in range(3))):
        error = await scene.error_of(abs, thing)
        assert isinstance(error, pickle.PicklingError), repr(error)
    try:
        await scene.executor.submit(abs, _ExitAtPickle())
    except (SystemExit, pickle.PicklingError):
        pass
    else:
        raise AssertionError("it was sent")
    assert scene.load.starts[scene.name] == 0, "nothing was sent"


@fault("an argument or a result raises when it is read", replaces=False)
async def cannot_be_read(scene: Scene) -> None:
    error = await scene.error_of(abs, _ErrorAtUnpickle())
    assert isinstance(error, RemoteUnpicklingError), repr(error)
    error = await scene.error_of(_ErrorAtUnpickle)
    assert isinstance(error, RemoteUnpicklingError), repr(error)


@fault("an argument ends the worker that reads it", replaces=True)
async def ends_its_reader(scene: Scene) -> None:
    error = await scene.error_of(abs, _ExitAtUnpickle())
    check_loss(error, "exited", 7)


@fault("a task forges results of its own worker", replaces=True)
async def forges(scene: Scene) -> None:
    kind = scene.rng.choice(["batch", "payload"])
    error = await scene.error_of(forge, kind)
    assert isinstance(error, TerminatedWorkerError), repr(error)
    assert error.reason == "protocol"


# The notebook itself.


@fault("a worker dies while the notebook computes and hears nothing", replaces=True)
async def dies_while_the_notebook_computes(scene: Scene) -> float:
    future = scene.executor.submit(marked, scene.name, _exit)
    await asyncio.sleep(0)
    busy_until = now() + 0.5
    while now() < busy_until:
        pass
    try:
        await future
    except TerminatedWorkerError as error:
        check_loss(error, "exited", 7)
    return busy_until


@fault(
    "a pool is started while the notebook computes for three seconds", replaces=False, targets=None
)
async def starts_while_the_notebook_computes(scene: Scene) -> float:
    other = WorkerPoolExecutor(1)
    future = other.submit(abs, -3)
    busy_until = now() + 3
    while now() < busy_until:
        pass
    assert await future == 3
    other.shutdown(wait=False)
    return busy_until


@fault("a second wait begins while the notebook waits", replaces=False)
async def waits_within_a_wait(scene: Scene) -> None:
    async def inner() -> list[int]:
        futures = [scene.executor.submit(abs, -i) for i in range(10)]
        return [future.result() if i % 2 else await future for i, future in enumerate(futures)]

    outer = [scene.executor.submit(pow, i, 2) for i in range(10)]
    values = await asyncio.gather(inner(), inner(), *map(asyncio.wrap_future, outer))
    assert values[:2] == [list(range(10))] * 2
    assert values[2:] == [i * i for i in range(10)]


@fault("a pool is shut down in the middle of its work", replaces=False, targets=None)
async def is_shut_down(scene: Scene) -> None:
    other = WorkerPoolExecutor(1)
    await until(lambda: other.ready_workers)
    futures = [other.submit(marked, f"{scene.name} {i}", abs, -i) for i in range(30)]
    for _ in range(scene.rng.randrange(5)):
        await asyncio.sleep(0.005)
    cancel = scene.rng.random() < 0.5
    other.shutdown(wait=False, cancel_futures=cancel)
    await until(lambda: all(future.done() for future in futures))
    ran = [future.result() for future in futures if not future.cancelled()]
    assert ran == list(range(len(ran)))
    assert cancel or len(ran) == 30


@fault("an iterable of 20,000 items is read through a small window", replaces=False, targets=None)
async def has_too_much_to_do(scene: Scene) -> None:
    read = 0

    def items() -> Any:
        nonlocal read
        for i in range(20_000):
            read += 1
            yield i

    most = 0
    total = 0
    for place, value in enumerate(scene.executor.map(abs, items(), chunksize=100, buffersize=4)):
        total += value
        most = max(most, read - place)
    assert total == sum(range(20_000))
    assert most <= 600


def _draw() -> tuple[int, float, str, str]:
    import os
    import random
    import tempfile
    import time
    import uuid

    time.sleep(0.03)  # long enough for the other worker to take some tasks
    return os.getpid(), random.random(), str(uuid.uuid4()), tempfile.mktemp()


@fault("workers are restored from one and the same memory", replaces=False, targets=None)
async def are_alike(scene: Scene) -> None:
    draws = await asyncio.gather(*(scene.executor.submit(_draw) for _ in range(8)))
    pids, *columns = zip(*draws, strict=True)
    assert len(set(pids)) == 2, pids
    for column in columns:
        assert len(set(column)) == len(draws), column
