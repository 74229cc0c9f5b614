"""Which workers a backend has, what each of them holds and runs, and which batches wait.

Every backend needs this bookkeeping. The backend itself starts workers, sends them bytes and ends
them. It tells its roster what has happened, and asks the roster what to do next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from .base import Terms
from .lanes import Lanes, Queued

#: A backend's handle of a worker: a thread, a process, a connection.
W = TypeVar("W")


class Stored(NamedTuple):
    """An object that batches name."""

    key: str
    payload: bytes
    buffers: Sequence[Any]


@dataclass(frozen=True)
class Assignment(Generic[W]):
    """A batch for a worker, and the objects to send to the worker before it."""

    worker: W
    objects: list[Stored]
    queued: Queued


@dataclass(eq=False)
class Member(Generic[W]):
    """A worker of a roster."""

    number: int
    worker: W
    #: Whether the listener knows that it is ready. Until then it is given no batch.
    ready: bool = False
    #: The batch that it runs.
    batch: int | None = None
    #: The lane of the batch that it runs, and seconds that the batch may take.
    lane: int | None = None
    time_limit: float | None = None
    #: Whether that is one call, which is left alone when somebody asks to cancel it.
    call: bool = False
    #: How many batches without a target it was given.
    served: int = 0
    #: Keys of the objects that it was sent.
    held: set[str] = field(default_factory=set)

    @property
    def state(self) -> str:
        """As in `WorkerStatus`."""
        if not self.ready:
            return "starting"
        return "idle" if self.batch is None else "busy"

    def set_ready(self) -> None:
        """The listener knows that it is ready."""
        self.ready = True

    def begin(self, queued: Queued) -> list[str]:
        """It is given a batch. Returns the keys of the objects that it must be sent before."""
        terms = queued.terms
        self.batch, self.lane, self.time_limit = queued.batch, terms.lane, terms.time_limit
        self.call = terms.call
        self.served += terms.target is None
        missing = [key for key in queued.needs if key not in self.held]
        self.held.update(missing)
        return missing

    def finish(self) -> None:
        """It has finished its batch."""
        self.batch = self.lane = self.time_limit = None


class Roster(Generic[W]):
    """The workers, the objects and the queue of one backend.

    What it does for each batch takes as long with ten thousand workers as with two.
    It has no lock: call it from one thread, or hold a lock of your own.

    Args:
        size: how many workers there should be.
        max_batches: after how many batches a worker should be replaced; None for never.
    """

    def __init__(self, size: int, max_batches: int | None = None) -> None:
        self.size = size
        self._max_batches = max_batches
        self._members: dict[int, Member[W]] = {}
        #: The workers that are ready and run nothing. The last one has rested least.
        self._free: dict[int, Member[W]] = {}
        #: Which worker runs each batch.
        self._at: dict[int, int] = {}
        #: How many workers run batches of each lane.
        self._on_lane: Counter[int | None] = Counter()
        self._objects: dict[str, Stored] = {}
        #: Batches whose turn has come when an object that they need was gone.
        self._bereft: list[int] = []
        self._queue = Lanes()

    # Workers.

    def __contains__(self, number: int) -> bool:
        return number in self._members

    def members(self) -> list[Member[W]]:
        """The workers, oldest first."""
        return list(self._members.values())

    def missing(self) -> int:
        """How many workers to start."""
        return max(0, self.size - len(self._members))

    def surplus(self) -> list[int]:
        """Workers to end, because they are too many and have nothing to do."""
        too_many = len(self._members) - self.size
        if too_many <= 0:
            return []
        idle = [number for number, member in self._members.items() if member.batch is None]
        return idle[:too_many]

    def resize(self, size: int) -> None:
        """Want this many workers from now on."""
        self.size = size

    def limit(self, max_batches: int | None) -> None:
        """Have a worker replaced after this many batches."""
        self._max_batches = max_batches

    def add(self, number: int, worker: W) -> None:
        """A worker was started."""
        self._members[number] = Member(number, worker)

    def set_ready(self, number: int) -> None:
        """The listener was told that a worker is ready."""
        member = self._members.get(number)
        if member is not None:
            member.set_ready()
            if member.batch is None:
                self._free[number] = member

    def running(self, batch: int) -> Member[W] | None:
        """The worker that runs a batch."""
        number = self._at.get(batch)
        return None if number is None else self._members[number]

    def link(self, number: int) -> W:
        """The handle of a worker."""
        return self._members[number].worker

    def idle(self) -> bool:
        """Whether there are workers, and no batch waits or runs."""
        all_free = len(self._free) == len(self._members)
        return bool(self._members) and all_free and self._queue.empty()

    def batch(self, number: int) -> int | None:
        """The batch that a worker runs; None if it runs none."""
        member = self._members.get(number)
        return None if member is None else member.batch

    def time_limit(self, number: int) -> float | None:
        """Seconds that the batch which a worker runs may take; None for no limit."""
        member = self._members.get(number)
        return None if member is None else member.time_limit

    def runs(self, number: int, batch: int) -> bool:
        """Whether a worker runs this batch."""
        return number in self._members and self._members[number].batch == batch

    def finish(self, number: int) -> bool:
        """A worker has finished its batch. Returns whether it has now run its last one."""
        member = self._members[number]
        self._leave_batch(member)
        member.finish()
        if member.ready:
            self._free[number] = member
        return self._max_batches is not None and member.served >= self._max_batches

    def remove(self, number: int) -> Member[W] | None:
        """A worker ends; the batches that it alone could run are gone."""
        member = self._members.pop(number, None)
        if member is not None:
            self._queue.forget(number)
            self._leave_batch(member)
            self._free.pop(number, None)
        return member

    def clear(self) -> list[W]:
        """Forget all workers and batches. Returns the workers."""
        workers = [member.worker for member in self._members.values()]
        self._members.clear()
        self._free.clear()
        self._at.clear()
        self._on_lane.clear()
        self._queue.clear()
        return workers

    # Objects.

    def put(self, key: str, payload: bytes, buffers: Sequence[Any]) -> None:
        """Keep an object that batches will name."""
        self._objects[key] = Stored(key, payload, buffers)

    def drop(self, key: str) -> list[W]:
        """Forget an object. Returns the workers that hold it."""
        self._objects.pop(key, None)
        holders = [member for member in self._members.values() if key in member.held]
        for member in holders:
            member.held.remove(key)
        return [member.worker for member in holders]

    # Batches.

    def queue(self, entry: Queued) -> None:
        """Let a batch wait for a worker. If it is for one that has ended, it is forgotten."""
        if entry.terms.target is None or entry.terms.target in self._members:
            self._queue.push(entry)

    def bereft(self) -> list[int]:
        """Batches that can never run, since an object that they need is gone; each once."""
        found, self._bereft = self._bereft, []
        return found

    def withdraw(self, batch: int) -> bool:
        """Take a batch out of the queue; False if it is not there."""
        return self._queue.remove(batch)

    def assign(self) -> Assignment[W] | None:
        """Give the next batch to a worker that is idle; None if there is no such pair."""
        if not self._free:
            return None
        while True:
            entry = self._queue.next_targeted(self._free) or self._queue.next(self._may_run)
            if entry is None:
                return None
            if all(key in self._objects for key in entry.needs):
                break
            self._bereft.append(entry.batch)
        target, lane = entry.terms.target, entry.terms.lane
        # The one that was at work last: what it has loaded is at hand still.
        member = self._free.popitem()[1] if target is None else self._free.pop(target)
        self._at[entry.batch] = member.number
        self._on_lane[lane] += 1
        objects = [self._objects[key] for key in member.begin(entry)]
        return Assignment(member.worker, objects, entry)

    def _may_run(self, terms: Terms) -> bool:
        return terms.max_workers is None or self._on_lane[terms.lane] < terms.max_workers

    def _leave_batch(self, member: Member[W]) -> None:
        """A worker does not run its batch any more."""
        if member.batch is None:
            return
        del self._at[member.batch]
        self._on_lane[member.lane] -= 1
        if not self._on_lane[member.lane]:
            del self._on_lane[member.lane]
