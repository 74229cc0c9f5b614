"""The contract between a dispatcher and a backend, which runs the dispatcher's batches on workers.

A backend starts workers, carries batches to them, and brings results back. It knows nothing of
functions, jobs or futures. It reports to one `Listener`, the dispatcher. A new kind of workers
needs a class with the methods of `Backend`; `backends.roster` does its bookkeeping. It may have an
attribute `costs`, as in `jobs.cost_model`, from which `estimate` tells how long a job takes on it.

A worker is known by a number, which no other worker of the backend ever has. It runs one batch at a
time, with a `worker.runner.Runner`, and reports in this order:

1. `on_worker_ready`, once. If `set_ups` was called, the backend gives the worker no batch before
   this call returns, because the listener may submit a batch then that this worker must run before
   all others.
2. For each batch `on_dispatched`; then `on_output`, `on_expired` and `on_result` as they come.
3. `on_worker_ended`, once; for a worker that could not start, this alone. The backend then starts a
   replacement by itself, unless it has more workers than its size.

Every batch that was submitted ends in exactly one of these ways, and the backend reports nothing of
it afterwards:

- `on_result` with `done`, or `on_batch_error`;
- `cancel` returned True, or `on_cancelled` said so;
- `on_worker_ended` named it, as the batch that ran or as one of those that waited at the worker;
- it had a target, and `on_worker_ended` named that worker;
- `on_broken`, or `shutdown`.

The backend calls its listener from one thread or one event loop, one call at a time, and holds no
lock during the call. The listener may call any method of the backend during it, also `shutdown`. An
exception of the listener must not stop the backend. After `shutdown` the backend reports nothing
any more. The notebook calls the backend's methods from its own thread, so a backend with threads
needs a lock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from ..surroundings.notebook import SentSurroundings
from ..wire.payload import Encoded

#: Reasons of an end that was asked for and cost no task anything.
ON_PURPOSE = frozenset({"recycled", "retired"})


class WorkerEnd(NamedTuple):
    """Why a worker ended."""

    #: One of:
    #: "terminated": its owner stopped it.
    #: "exited": a task called `os._exit`.
    #: "fatal": Python crashed.
    #: "silent": it closed without saying why.
    #: "start": it never became ready.
    #: "protocol": it sent something that no worker of ours sends.
    #: "recycled": it has run or grown as much as one worker should, or imported something that has
    #: changed since, or did something wrong.
    #: "retired": the pool was made smaller, or had nothing to do for a long time.
    reason: str
    #: The same for users, in a few words.
    message: str
    #: The exit status, if it exited.
    status: int | None = None
    #: The place in its batch of the task that ran; None if that is not known.
    running: int | None = None
    #: Bytes of its memory when it ended; 0 if that is not known.
    memory: int = 0


class WorkerLimits(NamedTuple):
    """When to replace or stop a worker although nothing is wrong with it."""

    #: Replace a worker after this many batches. Batches with a target do not count.
    max_batches: int | None = None
    #: Replace a worker whose memory has grown beyond this many bytes.
    max_memory: int | None = None
    #: Stop all workers when none has had anything to do for this many seconds.
    idle_timeout: float | None = None


class Terms(NamedTuple):
    """How a batch is to run."""

    #: The one worker that may run it, before any other batch; None for any worker.
    target: int | None = None
    #: A number that the batches of one source share. Sources take turns, one batch each.
    lane: int | None = None
    #: Whether it ends so soon that several batches of its lane may wait at one worker.
    brief: bool = False
    #: Whether it goes before the batches of its lane that wait.
    first: bool = False
    #: At most this many workers have batches of its lane at once; None for all.
    max_workers: int | None = None
    #: Seconds that its task may take from its beginning; then it is stopped. None for no limit.
    time_limit: float | None = None
    #: Whether it is one call by itself. If it is cancelled, a worker that has it need not be told.
    call: bool = False


#: Any worker may run the batch, in its turn, for as long as it likes.
ANY = Terms()


class WorkerStatus(NamedTuple):
    """A worker as it is now."""

    id: int
    #: The number of its process, as `os.getpid()` says in its tasks.
    pid: int
    #: "starting", "idle" or "busy".
    state: str
    #: How many tasks it has run. Backends say 0, and the executor fills it in.
    tasks: int
    #: Bytes of its memory, as it last said; 0 if that is not known.
    memory: int


#: The end of a worker that its owner stops, although nothing is wrong with it.
STOPPED = WorkerEnd("terminated", "stopped by its owner")


class Listener(Protocol):
    """Hears what happens in a backend."""

    def on_worker_ready(self, worker: int) -> None:
        """A worker has started and can run batches."""

    def on_dispatched(self, worker: int, batch: int) -> None:
        """A worker was given a batch from the queue."""

    def on_cancelled(self, batch: int, taken: bool) -> None:
        """The answer to `cancel`, if that returned None; none comes for a batch that is over.

        Args:
            taken: whether the batch was taken out of the queue, and is over.
        """

    def on_expired(self, worker: int, batch: int) -> None:
        """A batch has exceeded its time limit.

        Its worker is asked to end it, or is stopped; `on_result` or `on_worker_ended` follows.
        """

    def on_result(
        self, worker: int, batch: int, payload: bytes, buffers: Sequence[Any], done: bool
    ) -> None:
        """Some tasks of a batch have ended. Results come in the order of the tasks.

        Args:
            payload: the results, as the runner gave them to its `Port`; empty if there are none.
            buffers: what belongs to these results, each a `wire.buffers.Buffer`.
            done: whether the batch is over, because all its tasks ended or it was cancelled.
        """

    def on_batch_error(
        self, worker: int | None, batch: int, type_name: str, message: str, traceback: str
    ) -> None:
        """A worker could not read a batch, so none of its tasks ran. The batch is over.

        `worker` is None if the batch could be given to none.
        """

    def on_output(self, worker: int, task: int, stream: str, text: str) -> None:
        """A task has something to show.

        Args:
            task: its number in the executor; -1 if no task was running.
            stream: "stdout" or "stderr" for text that it printed, "display" for an object that it
                displayed (as JSON), or "phase" for a change of what the worker does: the text is
                then "preparing" while it loads packages, and "running" afterwards.
        """

    def on_worker_ended(
        self,
        worker: int,
        batch: int | None,
        end: WorkerEnd,
        behind: Sequence[int] = (),
        untaken: Sequence[int] = (),
    ) -> None:
        """A worker has ended, and all batches that it had are over.

        Args:
            batch: the batch that it ran; None if it ran none.
            behind: batches that waited at it. It may have begun to run them.
            untaken: batches that waited at it. It has not begun to run any of them.
        """

    def on_limited(self, workers: int) -> None:
        """Other pools leave room for only this many workers. More start when those pools end."""

    def on_broken(self, message: str) -> None:
        """No worker can start any more. All batches are over, and no later call follows."""


class Backend(Protocol):
    """The workers of one executor."""

    @property
    def size(self) -> int:
        """How many workers it should have, ready or not."""

    @property
    def joins_calls(self) -> bool:
        """Whether brief calls of `submit` may travel together.

        They may if nearly every end of a worker tells which of them it was running.
        """

    @property
    def batch_seconds(self) -> float:
        """How many seconds a batch should take: long compared with what it costs to send one."""

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        """Start the workers. Called once, first; batches may be submitted right afterwards."""

    def put(self, key: str, encoded: Encoded) -> None:
        """Keep an object under a key that batches will name.

        Each worker is sent the object once, before the first of its batches that names it.
        """

    def drop(self, key: str) -> None:
        """Forget an object, here and on the workers that hold it."""

    def submit(
        self,
        batch: int,
        payload: bytes,
        buffers: Sequence[memoryview],
        needs: Sequence[str],
        terms: Terms = ANY,
    ) -> None:
        """Queue a batch. Batches of a lane start in the order in which they were submitted.

        Args:
            batch: a number that no batch of this backend had before.
            payload: what `Runner.run` takes.
            buffers: what `Runner.run` takes. They may change after this call, so the backend copies
                them.
            needs: keys of the objects that a worker must hold, in the order in which to send them.
            terms: how it is to run.

        Raises:
            Exception: the batch cannot be sent. It is not queued then.
        """

    def cancel(self, batch: int) -> bool | None:
        """Take a batch out of the queue; True if that is done.

        False if a worker has the batch. The worker then starts no more tasks of it, and the batch
        ends with `on_result` as usual; one call by itself (`Terms.call`) may go on. None if it is
        not known yet which of the two it will be: `on_cancelled` tells.
        """

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None:
        """Stop a worker at once, and report `end`. A replacement starts.

        If a `batch` is given, the worker may first be asked to end it: its task then gets a
        `KeyboardInterrupt`, the batch ends with `on_result`, and the worker is stopped only if that
        takes too long. If the worker has already finished the batch, leave the worker running. But
        if `end` has another reason than "terminated", the worker did something wrong: then replace
        it as soon as it has nothing to do.
        """

    def limit_lane(
        self, lane: int, seconds: float, expired: Callable[[], None]
    ) -> Callable[[], None]:
        """Let all batches of a lane together take this many seconds from now.

        Then `expired` is called, which cancels and stops them. A backend may have done that before
        the notebook hears of it. The seconds count while the browser is awake.

        Returns:
            A function that takes the limit back.
        """

    def let_cancel(self, lane: int, name: str, cancelled: Callable[[], None]) -> Callable[[], None]:
        """Let a page that knows this name cancel all batches of a lane while the notebook computes.

        Then `cancelled` is called, which cancels and stops them in the notebook, too. A backend
        whose notebook has no such page does nothing.

        Returns:
            A function that lets nobody do so any more.
        """

    def set_ups(self, needed: bool) -> None:
        """Say whether the listener may submit batches with a target when a worker becomes ready.

        If so, a new worker runs nothing before `on_worker_ready` has returned. Otherwise it may,
        so that it works while the notebook computes and hears of nothing.
        """

    def wake(self) -> None:
        """Start the workers again if they were stopped because they had nothing to do."""

    def scale(self, size: int) -> None:
        """Have this many workers. Surplus workers end when they have nothing to do."""

    def workers(self) -> list[WorkerStatus]:
        """The workers as they are now."""

    def spares(self) -> int:
        """How many more workers are ready to replace one that ends."""

    def surroundings(self) -> SentSurroundings | None:
        """The surroundings of a task that is submitted now; None for those that its worker has."""

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """Call `action` after some seconds; returns a function that cancels the call."""

    def shutdown(self) -> None:
        """Stop all workers at once, and report nothing any more."""


class NoPage:
    """A backend to which no page speaks: only the notebook hears of a page's buttons."""

    joins_calls = False

    def let_cancel(self, lane: int, name: str, cancelled: Callable[[], None]) -> Callable[[], None]:
        """As `Backend.let_cancel`: nothing to do."""
        return lambda: None
