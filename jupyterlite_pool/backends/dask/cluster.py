"""What a backend knows of a Dask cluster, and what it asks of it."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from distributed import Client, Future, default_client

from ...worker.dask_threads import end_batch

#: Seconds in which a task may end by itself when it was asked to, before its worker is ended.
GRACE = 2.0

#: Data of more bytes do not travel in Dask's graph of tasks.
SCATTERED_BYTES = 65536

#: Seconds that an answer of a worker may take, and one of a scheduler that has much to do.
LATE, BUSY = 2.0, 10.0


class Place(NamedTuple):
    """A thread of a worker of Dask."""

    address: str
    thread: int


def client_of(cluster: Any) -> tuple[Client, bool]:
    """A client of a cluster, and whether it was made here.

    Args:
        cluster: a client, a cluster, or the address of a scheduler. None for the current client;
            if there is none, one is made as Dask's configuration says.
    """
    if isinstance(cluster, Client):
        return cluster, False
    if cluster is None:
        with contextlib.suppress(ValueError):
            return default_client(), False
    return Client(cluster, set_as_default=False), True


class Cluster:
    """A cluster, as far as a pool may use it.

    Args:
        client: reaches its scheduler.
        workers: addresses, names or hosts of the workers that the pool may use; None for all.
        resources: what each batch takes of the resources of a worker; None for nothing.
    """

    def __init__(
        self,
        client: Client,
        workers: Collection[str] | None = None,
        resources: Mapping[str, float] | None = None,
    ) -> None:
        self.client = client
        self._wanted = None if workers is None else {str(worker) for worker in workers}
        self._resources = dict(resources) if resources else None

    @property
    def address(self) -> str:
        """Where its scheduler is."""
        return str(getattr(self.client.scheduler, "address", "an unknown address"))

    def places(self) -> dict[Place, int]:
        """The threads that there are now, and how many bytes of memory their workers have.

        Raises:
            Exception: the scheduler does not answer.
        """
        # Dask itself waits long for a scheduler that has gone.
        seconds = BUSY if self.client.status == "running" else LATE
        identity = self.client.scheduler.identity
        try:
            about = self.client.sync(identity, n_workers=-1, callback_timeout=seconds)
        except TypeError:  # older releases know of no such number
            about = self.client.sync(identity, callback_timeout=seconds)
        return {
            Place(address, thread): int(worker.get("metrics", {}).get("memory", 0))
            for address, worker in about["workers"].items()
            if self._may_use(address, worker)
            for thread in range(int(worker["nthreads"]))
        }

    def _may_use(self, address: str, worker: Mapping[str, Any]) -> bool:
        if worker.get("status", "running") not in ("running", "paused"):
            return False
        names = {address, str(worker.get("name")), str(worker.get("host"))}
        return self._wanted is None or not names.isdisjoint(self._wanted)

    def submit(self, key: str, address: str, function: Callable[..., Any], *args: Any) -> Future:
        """Run a task of Dask on one worker, and nowhere else."""
        return self.client.submit(
            function,
            *args,
            key=key,
            workers=[address],
            allow_other_workers=False,
            resources=self._resources,
            pure=False,
        )

    def sendable(self, payload: bytes, buffers: Sequence[Any], address: str) -> Any:
        """Data as an argument for one worker: themselves, or a future of what it was sent."""
        data = payload, [buffer.to_bytes() for buffer in buffers]
        if len(payload) + sum(map(len, data[1])) <= SCATTERED_BYTES:
            return data
        [future] = self.client.scatter([data], workers=[address], hash=False)
        return future

    def tell(self, addresses: Sequence[str], function: Callable[..., Any], *args: Any) -> None:
        """Call a function in the event loops of workers, without waiting for it."""
        self.aside(
            lambda: self.client.run(function, *args, workers=list(addresses), on_error="ignore")
        )

    def kill(self, address: str, pid: int, failed: Callable[[], None] = lambda: None) -> None:
        """Let the nanny of a worker end it at once; it then starts another one.

        Args:
            failed: is called if there is no nanny.
        """

        def kill() -> None:
            signal_number = getattr(signal, "SIGKILL", signal.SIGTERM)
            try:
                self.client.run(os.kill, pid, signal_number, workers=[address], nanny=True)
            except Exception:
                failed()

        self.aside(kill)

    def end(self, address: str, pid: int, pool: str, number: int, batch: int) -> None:
        """Stop a batch, and its worker if that takes too long, without waiting for it."""
        answer: queue.SimpleQueue[bool] = queue.SimpleQueue()

        def ask() -> None:
            told = self.client.run(
                end_batch, pool, number, batch, GRACE, workers=[address], on_error="ignore"
            )
            answer.put(bool(told.get(address)))

        def end() -> None:
            self.aside(ask)
            try:
                obeyed = answer.get(timeout=GRACE + LATE)
            except queue.Empty:  # the task lets nothing else of its process run
                obeyed = False
            if not obeyed:
                self.kill(address, pid)

        self.aside(end)

    def aside(self, action: Callable[[], Any]) -> None:
        """Do something that may take long; if it cannot be done, its worker is gone."""

        def run() -> None:
            with contextlib.suppress(Exception):
                action()

        threading.Thread(target=run, name="pool aside", daemon=True).start()
