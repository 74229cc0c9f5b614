"""Workers of a Dask cluster: each thread of its workers is a worker of ours.

A batch is a task of Dask on the one worker that our roster has chosen: so a call can be aimed at
one worker, and objects are sent to it once. Results come by Dask's futures, and what tasks print by
its events. Nothing of ours runs on the scheduler.
"""

from __future__ import annotations

import queue
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from distributed import Future

from ...jobs.cost_model import COSTS
from ...worker.dask_threads import (
    cancel_batch,
    close_seat,
    close_seats,
    hello,
    run_batch,
    stop_batch,
)
from ..base import Listener, WorkerEnd, WorkerLimits
from ..lanes import Queued
from ..linked import LinkedBackend
from ..links import Link
from ..roster import Stored
from .cluster import GRACE, Cluster, Place, client_of

#: Seconds between two looks at which workers there are.
LOOK_AGAIN = 0.5

#: This many looks in a row fail before the scheduler counts as gone.
PATIENCE = 3

#: Seconds that a worker which was ended may still be among those that the scheduler names.
FAREWELL = 10.0


class DaskLink(Link):
    """One thread of a worker of Dask."""

    def __init__(self, backend: DaskBackend, number: int, place: Place) -> None:
        super().__init__(backend, number)
        self._of = backend
        self.place = place
        self._cluster, self._pool, self._do = backend.cluster, backend.name, backend.do
        self._dropped: list[str] = []
        self._pid = 0
        #: The task of Dask that runs here.
        self.future: Future | None = None
        #: How many pieces of its results have come.
        self._pieces = 0
        self.left = False
        self._do(lambda: self._attempt("start", self._greet))

    def _greet(self) -> None:
        key = f"pool-hello-{self._pool}-{self.number}"
        self._wait(self._cluster.submit(key, self.place.address, hello), self._greeted)

    def _greeted(self, pid: Any) -> None:
        self._pid = pid
        self.ready()

    # What the backend calls.

    @property
    def pid(self) -> int:
        """As `Link.pid`: on the machine of the worker."""
        return self._pid

    def give(self, objects: Sequence[Stored], queued: Queued) -> None:
        """As `Link.give`."""
        self._do(lambda: self._attempt("silent", lambda: self._run(objects, queued)))

    def _attempt(self, reason: str, action: Callable[[], None]) -> None:
        """Do something that Dask may refuse, for example for a worker that is short of memory."""
        try:
            action()
        except Exception as error:
            why = f"Dask refused {self.place.address} a task: {error!r}"
            self.ended(WorkerEnd(reason, why), began=False)

    def _run(self, objects: Sequence[Stored], queued: Queued) -> None:
        if self.left:
            return
        dropped, self._dropped = self._dropped, []
        self._pieces = 0
        batch = queued.batch
        place = self.place.address
        sent = [(o.key, self._cluster.sendable(o.payload, o.buffers, place)) for o in objects]
        call = self._cluster.sendable(queued.payload, queued.buffers, place)
        key = f"pool-batch-{self._pool}-{batch}"
        args = (self._pool, self.number, batch, call, sent, dropped)
        future = self._cluster.submit(key, place, run_batch, *args)
        self._wait(future, lambda told: self._has_run(batch, told), batch)

    def drop(self, key: str) -> None:
        """As `Link.drop`: with the next batch."""
        self._dropped.append(key)

    def cancel(self, batch: int) -> None:
        """As `Link.cancel`."""
        self._tell(cancel_batch, batch)

    def interrupt(self, batch: int) -> bool:
        """As `Link.interrupt`: raises `KeyboardInterrupt` in the thread of the task."""
        self._tell(stop_batch, batch)
        return True

    def leave(self) -> None:
        """As `Link.leave`. The worker of Dask stays."""
        self.left = True
        future = self.future
        if future is not None:
            self._do(future.cancel)
        if self._pid and not self._of.ended:  # a pool that ends tells its workers all at once
            self._tell(close_seat)

    def memory(self) -> int:
        """As `Link.memory`: of the whole worker, as Dask has said it last."""
        return self._of.memory_at(self.place)

    def _tell(self, function: Callable[..., None], *batch: int) -> None:
        self._cluster.tell([self.place.address], function, self._pool, self.number, *batch)

    # What becomes of tasks of Dask.

    def _wait(self, future: Future, then: Callable[[Any], None], batch: int | None = None) -> None:
        self.future = future

        def done(_: Future) -> None:
            self._of.fetch(future, lambda value, error: self._done(then, batch, value, error))

        future.add_done_callback(done)

    def _done(self, then: Callable[[Any], None], batch: int | None, value: Any, error: Any) -> None:
        """A task of Dask has ended."""
        self.future = None
        if self.left:
            return
        if error is None:
            then(value)
        elif batch is None:
            why = f"the worker of Dask at {self.place.address} cannot run tasks of the pool: "
            why += f"{type(error).__name__}: {error}"
            if isinstance(error, ModuleNotFoundError):
                why += '. Workers need the package, too: `pip install "jupyterlite-pool[dask]"`'
            self.ended(WorkerEnd("start", why))
        elif type(error).__name__ in ("KilledWorker", "CancelledError", "FutureCancelledError"):
            self._of.examine(self)
        else:
            lines = traceback.format_exception(error)
            self.error(batch, type(error).__name__, str(error), "".join(lines))

    def _has_run(self, batch: int, told: Mapping[str, Any]) -> None:
        if told["worn"] is not None:
            self.worn(told["worn"])
        if told["error"] is not None:
            self.error(batch, *told["error"])
            return
        rest = told["pieces"][self._pieces :]
        for payload, buffers in rest[:-1]:
            self.result(batch, payload, buffers, False)
        payload, buffers = rest[-1] if rest else (b"", [])
        self.result(batch, payload, buffers, True)

    def early(self, batch: int, place: int, payload: bytes) -> None:
        """Results of a batch that goes on."""
        if place == self._pieces:
            self._pieces += 1
            self.result(batch, payload, [], False)

    def lost(self) -> None:
        """The worker of Dask has gone."""
        self.ended(WorkerEnd("silent", f"Dask has lost its worker {self.place.address}"))


class DaskBackend(LinkedBackend):
    """Carries batches to the workers of a Dask cluster.

    Args:
        cluster: a `distributed.Client`, a cluster, or the address of a scheduler; None for what
            Dask's configuration says.
        max_workers: use this many threads of its workers at most; None for all, also of workers
            that come later.
        workers: addresses, names or hosts of the workers to use; None for all.
        resources: what each batch takes of the resources of its worker.
    """

    #: Dask takes some hundredths of a second to bring a task and its result. What a longer batch
    #: has finished is seen before its end.
    batch_seconds = 0.5

    costs = COSTS["dask"]

    def __init__(
        self,
        cluster: Any = None,
        max_workers: int | None = None,
        workers: Collection[str] | None = None,
        resources: Mapping[str, float] | None = None,
    ) -> None:
        client, self._own = client_of(cluster)
        self.cluster = Cluster(client, workers, resources)
        self._places = self.cluster.places()
        self._fixed = max_workers is not None
        super().__init__(max_workers or max(1, len(self._places)), grace=GRACE)
        #: The name of the pool, and of the topic of its events.
        self.name = uuid.uuid4().hex[:12]
        #: Addresses of workers that were ended, and until when nothing goes there.
        self._ending: dict[str, float] = {}
        #: Addresses of all workers that the pool has had.
        self._met: set[str] = set()
        self._outbox: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._ends = threading.Event()

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        """As `Backend.start`.

        Raises:
            ValueError: there are limits that only Dask itself can set for its workers.
        """
        for name, value, instead in (
            ("max_tasks_per_child", limits.max_batches, "--lifetime"),
            ("max_worker_memory", limits.max_memory, "--memory-limit"),
        ):
            if value is not None:
                raise ValueError(
                    f"{name} cannot be set for the workers of a Dask cluster: start them with "
                    f"`dask worker {instead} …`"
                )
        self.cluster.client.subscribe_topic(self.name, self._hear)
        for action in (self._send, self._receive, self._watch):
            threading.Thread(target=action, name="pool dask", daemon=True).start()
        super().start(listener, limits)

    def connect(self, number: int) -> Link | None:
        """As `LinkedBackend.connect`: takes a thread that nobody uses."""
        taken = {link.place for link in self._links()}
        for place in self._places:
            if place not in taken and place.address not in self._ending:
                self._met.add(place.address)
                return DaskLink(self, number, place)
        return None

    @property
    def ended(self) -> bool:
        """Whether its pool has ended."""
        return self._ended

    def memory_at(self, place: Place) -> int:
        """Bytes of memory of the worker with this thread; 0 if that is not known."""
        return self._places.get(place, 0)

    def _links(self) -> list[DaskLink]:
        members = (member.worker for member in self._roster.members())
        return [link for link in members if isinstance(link, DaskLink)]

    def scale(self, size: int) -> None:
        """As `Backend.scale`: uses this many threads of the workers that there are."""
        self._fixed = True
        super().scale(size)

    def end(self, worker: int, end: WorkerEnd, *, began: bool = True) -> None:
        """As `LinkedBackend.end`. Its nanny starts a worker anew that was stopped."""
        with self._lock:
            link = self._roster.link(worker) if worker in self._roster else None
            if isinstance(link, DaskLink) and end.reason in ("terminated", "protocol"):
                address = link.place.address
                self._ending[address] = time.monotonic() + FAREWELL
                self.cluster.kill(address, link.pid, lambda: self._stays(address))
            super().end(worker, end, began=began)

    def _stays(self, address: str) -> None:
        """A worker could not be ended: what comes next waits there for the task that runs."""
        with self._lock:
            self._ending.pop(address, None)
        self._look()

    def shutdown(self) -> None:
        """As `Backend.shutdown`. The cluster goes on, unless it was started for this pool."""
        with self._lock:
            if self._ended:
                return
            links = self._links()
            for link in links:
                batch = self._roster.batch(link.number)
                if batch is not None:
                    place = link.place.address
                    self.cluster.end(place, link.pid, self.name, link.number, batch)
            super().shutdown()
        self._ends.set()
        addresses = sorted(self._met & {place.address for place in self._places})

        def leave() -> None:
            client = self.cluster.client
            try:
                client.unsubscribe_topic(self.name)
                client.run(close_seats, self.name, workers=addresses, on_error="ignore")
            finally:
                if self._own:
                    client.close()

        self.do(lambda: self.cluster.aside(leave))
        self._outbox.put(None)
        self._inbox.put(None)

    # Its threads: what speaks with Dask may wait for it, and holds no lock.

    def do(self, action: Callable[[], Any]) -> None:
        """Do something with the client, after what was to be done before."""
        self._outbox.put(action)

    def _send(self) -> None:
        while (action := self._outbox.get()) is not None:
            try:
                action()
            except Exception:
                if not self._ended:
                    traceback.print_exc()

    def fetch(self, future: Future, then: Callable[[Any, Any], None]) -> None:
        """Fetch the result of a future that is done, and pass it on with its error."""
        self._inbox.put((future, then))

    def _receive(self) -> None:
        while (found := self._inbox.get()) is not None:
            future, then = found
            try:
                value, error = future.result(), None
            except BaseException as raised:
                value, error = None, raised
            future.release()  # or its worker would keep the result
            del future, found
            if not self._ended:
                try:
                    then(value, error)
                except Exception:  # the results of others come still
                    traceback.print_exc()

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """An event of the pool: called by Dask's event loop."""
        said = event[1]
        with self._lock:
            number = said["seat"]
            link = self._roster.link(number) if number in self._roster else None
        if link is not None and said["word"] in ("output", "begin", "early"):
            getattr(link, said["word"])(*said["values"])

    def examine(self, link: DaskLink) -> None:
        """A task of Dask has gone: with its worker, or with the scheduler, as `_watch` notices."""

        def ask() -> None:
            self.cluster.places()
            link.lost()

        self.cluster.aside(ask)

    def _watch(self) -> None:
        """Look which workers there are, until the pool ends or the scheduler does not answer."""
        failed = 0
        while not self._ends.wait(LOOK_AGAIN):
            try:
                self._look()
                failed = 0
            except Exception as error:
                failed += 1
                if self._ends.is_set():
                    return
                if failed >= PATIENCE or self.cluster.client.status in ("closed", "closing"):
                    self.give_up(
                        f"Dask's scheduler at {self.cluster.address} does not answer any more "
                        f"({type(error).__name__}: {error})"
                    )
                    return

    def _look(self) -> None:
        places = self.cluster.places()
        with self._lock:
            if self._ended:
                return
            self._places = places
            there, now = {place.address for place in places}, time.monotonic()
            self._ending = {a: t for a, t in self._ending.items() if a in there and t > now}
            for link in self._links():
                if link.place not in places:
                    link.lost()
            if not self._fixed:
                self._roster.resize(max(1, len(places)))
            self._fill()
            self._dispatch()
