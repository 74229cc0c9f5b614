"""The pool of the kernel's web worker: Python's side of `labextension/src/pool`."""

from __future__ import annotations

import asyncio
import importlib.resources
import json
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

import js
import pyodide_js
from pyodide.code import run_js
from pyodide.ffi import JsException, create_proxy, jsnull, to_js
from pyodide.http import pyfetch

from ...surroundings.environment import Described, NotebookEnvironment
from ...wire.payload import Encoded
from ..base import STOPPED, Listener, WorkerEnd, WorkerLimits, WorkerStatus
from .device import SPARES, Device
from .files import runtime_files

#: The labextension's folder on a site, and the package's own name.
NAME = "jupyterlite-pool"

#: Where the kernel mounts the notebook's files.
DRIVE = "/drive"

#: A variable of the kernel's web worker: which page serves the notebook's files.
TOLD_CONTEXT = "jupyterlitePoolDrive"

#: The Python side of a worker; see `worker.js`.
RUNNER = "jupyterlite_pool.worker.entry"


class PyodideBackend:
    """Carries batches to Pyodide workers that the kernel's own worker starts."""

    def __init__(
        self,
        max_workers: int | None,
        packages: Sequence[str],
        limit: Callable[[], int | None] = lambda: None,
    ) -> None:
        """Describe the workers; none starts yet.

        Args:
            max_workers: how many; None for as many as the device has cores.
            packages: names of packages that each worker loads in any case.
            limit: how many workers all pools of the site may have now; None for no limit.
        """
        self._device = Device(limit)
        self.size = self._device.size() if max_workers is None else self._device.within(max_workers)
        self._environment = NotebookEnvironment(packages, pyodide_js)
        self._pool: Any = None
        #: What was asked of the pool before its JavaScript was loaded, in order.
        self._early: list[Callable[[Any], object]] = []
        self._early_batches: set[int] = set()
        #: What the last batch needed, and the same for JavaScript: most need what the last one did.
        self._last_needs: tuple[Sequence[str], Any] = (), None
        self._listener: Listener | None = None
        self._on_event: Any = None
        self._outbox: Any = None
        self._ended = False

    def start(self, listener: Listener, limits: WorkerLimits) -> None:
        """Load the pool's JavaScript, then start the workers."""
        self._listener = listener
        self._starting = asyncio.get_event_loop().create_task(self._start(listener, limits))

    async def _start(self, listener: Listener, limits: WorkerLimits) -> None:
        try:
            files = await _find_files()
            # The one way from Python to JavaScript's `import`.
            module = await run_js("(url) => import(url)")(files.pool)
            if self._ended:
                return
            self._on_event = create_proxy(self._hear)
            self._outbox = module.Outbox.new(module.gathering(self._on_event))
            idle = None if limits.idle_timeout is None else limits.idle_timeout * 1000
            options = _object(
                listener=self._outbox.push,
                maxBatches=limits.max_batches,
                maxMemory=limits.max_memory,
                idleTimeout=idle,
                spares=SPARES,
                cap=self._device.cap(),
            )
            pool = module.PyodidePool.new(files.worker, self.size, options)
            started = pool.init(_object(**_boot_options(), snapshot=files.snapshot))
            started.catch(_ignore)  # the pool itself says when it is broken
        except Exception as error:
            if self._ended:
                return
            listener.on_broken(f"the pool's files could not be loaded: {error}")
            return
        self._pool = pool
        early, self._early = self._early, []
        for action in early:
            action(pool)
        self._early_batches.clear()

    def put(self, key: str, encoded: Encoded) -> None:
        """As `Backend.put`."""
        payload, buffers = to_js(encoded.payload), _moved(encoded.buffers)
        self._do(lambda pool: pool.put(key, payload, buffers))

    def drop(self, key: str) -> None:
        """As `Backend.drop`."""
        self._do(lambda pool: pool.drop(key))

    def submit(
        self,
        batch: int,
        payload: bytes,
        buffers: Sequence[memoryview],
        needs: Sequence[str],
        target: int | None = None,
        group: int | None = None,
    ) -> None:
        """As `Backend.submit`."""
        if needs != self._last_needs[0]:
            self._last_needs = needs, to_js(list(needs))
        # Copied now: what changes later is not seen by the task.
        moved = _moved(buffers) if buffers else None
        args = batch, to_js(payload), moved, self._last_needs[1], target, group

        def action(pool: Any) -> object:
            return pool.submit(*args)

        if self._pool is None:
            self._early_batches.add(batch)
            self._early.append(lambda pool: action(pool) if batch in self._early_batches else None)
        else:
            action(self._pool)

    def cancel(self, batch: int) -> bool:
        """As `Backend.cancel`."""
        if batch in self._early_batches:
            self._early_batches.remove(batch)
            return True
        return self._pool is not None and bool(self._pool.cancel(batch))

    def kill(self, worker: int, end: WorkerEnd = STOPPED, batch: int | None = None) -> None:
        """As `Backend.kill`."""
        for_what = () if batch is None else (batch,)  # None would be null, and that a batch
        self._do(lambda pool: pool.kill(worker, end.reason, end.message, *for_what))

    def interrupt(self, worker: int, batch: int) -> bool:
        """As `Backend.interrupt`."""
        return self._pool is not None and bool(self._pool.interrupt(worker, batch))

    def wake(self) -> None:
        """As `Backend.wake`."""
        if self._pool is not None:  # or else it is just starting
            self._pool.wake()

    def scale(self, size: int) -> None:
        """As `Backend.scale`."""
        self.size = self._device.within(size)
        if self._pool is not None:  # or else it starts with this size
            self._pool.scale(self.size)

    def workers(self) -> list[WorkerStatus]:
        """As `Backend.workers`."""
        if self._pool is None:
            return []
        return [WorkerStatus(w.id, w.pid, w.state, 0, w.memory) for w in self._pool.workers]

    def spares(self) -> int:
        """As `Backend.spares`."""
        return 0 if self._pool is None else int(self._pool.spares)

    def environment(self) -> Described | None:
        """As `Backend.environment`."""
        return self._environment.describe()

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        """As `Backend.call_later`."""
        return asyncio.get_event_loop().call_later(seconds, action).cancel

    def shutdown(self) -> None:
        """As `Backend.shutdown`."""
        if self._ended:
            return
        self._ended = True
        if self._pool is not None:
            self._pool.terminate()
            self._outbox.close()
            # Later: this may be called from within one of its own calls.
            asyncio.get_event_loop().call_soon(self._on_event.destroy)

    def _do(self, action: Callable[[Any], object]) -> None:
        if self._pool is None:
            self._early.append(action)
        else:
            action(self._pool)

    def _hear(self, events: Any) -> None:
        """What happened in the pool, as `PoolEvent` in `protocol.ts` has it."""
        listener = self._listener
        assert listener is not None  # start() set it
        for event in events:
            if self._ended:
                return  # the ends of workers that it has stopped itself
            try:
                self._hear_one(listener, event)
            except Exception:  # it must not keep the others from being heard
                traceback.print_exc()

    def _hear_one(self, listener: Listener, event: Any) -> None:
        kind = event.type
        if kind == "gathered":
            self._hear_gathered(listener, event.words.to_py(), event.payload.to_bytes())
        elif kind == "frame":
            self._hear_frame(listener, event.worker, event.frame)
        elif kind == "ready":
            listener.on_worker_ready(event.worker)
        elif kind == "ended":
            ended = event.end
            status, running = _or_none(ended.status), _or_none(ended.running)
            end = WorkerEnd(ended.reason, ended.message, status, running, ended.memory)
            batch, behind = _or_none(event.batch), event.behind.to_py()
            listener.on_worker_ended(event.worker, batch, end, behind, event.untaken.to_py())
        elif kind == "limited":
            listener.on_limited(event.workers)
        elif kind == "broken":
            listener.on_broken(event.message)

    def _hear_gathered(self, listener: Listener, words: Sequence[int], payload: bytes) -> None:
        """Many small events, as `GatheredEvent` in `gather.ts` has them."""
        each = iter(words)
        end = 0
        for worker, batch, size, done in zip(each, each, each, each, strict=True):
            if self._ended:
                return
            try:
                if size < 0:
                    listener.on_dispatched(worker, batch)
                else:
                    start, end = end, end + size
                    listener.on_result(worker, batch, payload[start:end], (), bool(done))
            except Exception:  # it must not keep the others from being heard
                traceback.print_exc()

    def _hear_frame(self, listener: Listener, worker: int, frame: Any) -> None:
        kind = frame.kind
        if kind == "result":
            listener.on_result(
                worker,
                frame.batch,
                frame.payload.to_bytes(),
                list(frame.buffers),
                frame.done,
            )
        elif kind == "begin":
            listener.on_begun(worker, frame.batch)
        elif kind == "output":
            listener.on_output(worker, frame.task, frame.stream, frame.text)
        else:
            listener.on_batch_error(worker, frame.batch, frame.type, frame.message, frame.traceback)


class _Files(NamedTuple):
    """Where the built files are."""

    pool: str
    worker: str
    #: URL and digest of the snapshot, for JavaScript; None where there is none for this kernel.
    snapshot: Any


async def _find_files() -> _Files:
    """The site's files where they are of this version, else the wheel's own."""
    extensions = js.URL.new("../../../", js.location.href).href
    folder = f"{extensions}{NAME}/"
    try:
        response = await pyfetch(f"{folder}pool.json")
        about = json.loads(await response.string()) if response.ok else {}
    except (OSError, ValueError):
        about = {}
    if about.get("version") == version(NAME):
        snapshot = _fitting_snapshot(folder, about.get("snapshot"))
        return _Files(folder + about["pool"], folder + about["worker"], snapshot)
    return _Files(_own_file("pool.js"), _own_file("worker.js"), None)


def _fitting_snapshot(folder: str, about: dict[str, str] | None) -> Any:
    """A site's snapshot, where this kernel is made of the same versions."""
    if about is None:
        return None
    here = {"pyodide": pyodide_js.version, "cloudpickle": version("cloudpickle")}
    for name, wanted in here.items():
        if about[name] != wanted:
            js.console.warn(
                f"{NAME}: workers start without the site's snapshot, which is of {name} "
                f"{about[name]}; this kernel has {wanted}"
            )
            return None
    return _object(url=folder + about["file"], sha256=about["sha256"])


def _own_file(name: str) -> str:
    """A file that the wheel carries, as a URL that this kernel alone can read."""
    text = (importlib.resources.files("jupyterlite_pool") / "static" / name).read_text("utf-8")
    blob = js.Blob.new(to_js([text]), _object(type="text/javascript"))
    url: str = js.URL.createObjectURL(blob)
    return url


def _boot_options() -> dict[str, Any]:
    """How the workers find the Pyodide and the files of this kernel."""
    config = pyodide_js._api.config
    index_url = str(config.indexURL)
    return {
        "pyodideUrl": js.URL.new("pyodide.mjs", js.URL.new(index_url, js.location.href)).href,
        "lockFileUrl": _absolute(getattr(config, "lockFileURL", None)),
        "files": to_js(runtime_files()),
        "runner": RUNNER,
        "drive": _drive_options(),
    }


def _absolute(url: str | None) -> str | None:
    return None if url is None else js.URL.new(url, js.location.href).href


def _drive_options() -> Any:
    """How the kernel reaches the notebook's files; None where it has none, or in another way."""
    try:
        found = pyodide_js.FS.analyzePath(DRIVE)  # `lookupPath` throws what no `except` catches
        mounted = found.object.mount if found.exists else None
        if mounted is None or mounted.mountpoint != DRIVE:
            return None
        api = mounted.type.API
        # On a cross-origin isolated page the kernel asks the page itself, which its workers cannot:
        # they ask through the service worker, by a name that the page has told.
        told = getattr(js, TOLD_CONTEXT, None)
        own = getattr(api, "_browsingContextId", None)
        if own is None and not isinstance(told, str):
            return None
        base = js.URL.new("../../../../", js.location.href).href if own is None else api._baseUrl
        return _object(
            baseUrl=base,
            driveName=api._driveName,
            mountpoint=DRIVE,
            browsingContextId=told if own is None else own,
            probe=own is None,
        )
    except (AttributeError, JsException):
        return None


def _moved(buffers: Sequence[memoryview]) -> Any:
    """Buffers copied out of the heap, to be transferred."""
    return to_js([to_js(buffer).buffer for buffer in buffers])


def _object(**fields: Any) -> Any:
    """A JavaScript object."""
    return js.Object.fromEntries(to_js(list(fields.items())))


def _or_none(value: Any) -> Any:
    """JavaScript's null as None."""
    return None if value is jsnull else value


def _ignore(_: object) -> None:
    """For promises whose failure is told otherwise."""
