"""Tasks that never stop coming while a pool is ill-treated, and an account of every one of them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.jobs.tasks import Task, TaskSource
from jupyterlite_pool.notebook.output import TaskOutput

#: What a task prints when it starts, before its number: what is printed is heard of at once, so
#: that starts are counted even where no result ever comes.
MARK = "» start "

#: What a task prints at the instant of its fault, before that instant: seconds by the clock that
#: all interpreters of a browser have in common.
BREAKS = "» breaks "

#: Tasks of the load that are on their way at any moment.
IN_FLIGHT = 3

#: Seconds that each of them computes.
BUSY = 0.004


def marked(name: str, function: Callable[..., Any], *args: Any) -> Any:
    """Say that a task starts, then do what it is for."""
    print(f"» start {name}", flush=True)
    return function(*args)


async def marked_async(name: str, function: Callable[..., Any], *args: Any) -> Any:
    """As `marked`, for what is awaited."""
    print(f"» start {name}", flush=True)
    return await function(*args)


def breaks() -> None:
    """Say that what comes next is a task's fault: what it needed for that is there."""
    import time

    print(f"» breaks {time.time()}", flush=True)


def compute(number: int, seconds: float) -> int:
    """A task of the load."""
    import time

    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass
    return number


def now() -> float:
    """Seconds, by a clock that goes in steps of a tenth of a millisecond."""
    return time.perf_counter()


async def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for something, but not for ever."""
    deadline = now() + seconds
    while not condition():
        assert now() < deadline, f"not in {seconds} s: {condition}"
        await asyncio.sleep(0.005)  # with less, timers are no timers but a busy loop


class _Heard(TaskOutput):
    """Hears what tasks print, and shows nothing."""

    def __init__(self, hear: Callable[[str], None]) -> None:
        super().__init__()
        self._hear = hear

    def take(
        self, worker: int, task: Task | None, source: TaskSource | None, stream: str, text: str
    ) -> None:
        self._hear(text)


class Load:
    """The load on one executor, and what became of it."""

    def __init__(self, executor: WorkerPoolExecutor) -> None:
        self.executor = executor
        #: How often each task started, by name.
        self.starts: Counter[str] = Counter()
        #: When each was heard to start last.
        self.started_at: dict[str, float] = {}
        #: When the fault of a task happened last, where it said so.
        self.broke_at: float | None = None
        self.printed: list[str] = []
        self.submitted = 0
        self.right = 0
        self.failures: list[str] = []
        #: Failures of which nobody knows whether the task had started.
        self.unknown = 0
        self._stopping = False
        self._running: asyncio.Task[None] | None = None
        executor._pool.listener.show_with(_Heard(self._on_print))

    def _on_print(self, text: str) -> None:
        for line in text.splitlines():
            if line.startswith(MARK):
                self.starts[line[len(MARK) :]] += 1
                self.started_at[line[len(MARK) :]] = now()
            elif line.startswith(BREAKS):
                self.broke_at = now() - (time.time() - float(line[len(BREAKS) :]))
            else:
                self.printed.append(line)

    def start(self) -> None:
        """Let tasks come."""
        self._stopping = False
        self._running = asyncio.get_running_loop().create_task(self._keep_going())

    async def _keep_going(self) -> None:
        await asyncio.gather(*(self._one_after_the_other() for _ in range(IN_FLIGHT)))

    async def _one_after_the_other(self) -> None:
        while not self._stopping:
            number, self.submitted = self.submitted, self.submitted + 1
            try:
                value = await self.executor.submit(marked, f"load {number}", compute, number, BUSY)
            except BaseException as error:
                self.failures.append(f"{type(error).__name__}: {error}")
                self.unknown += getattr(error, "started", True) is None
                if self.executor.broken:
                    return
            else:
                self.right += value == number

    async def stop(self) -> None:
        """Let no more come, and wait for those that are on their way."""
        self._stopping = True
        if self._running is not None:
            await asyncio.wait_for(self._running, 60)

    @property
    def lost(self) -> int:
        """Tasks that ended neither well nor badly."""
        return self.submitted - self.right - len(self.failures)

    @property
    def duplicated(self) -> int:
        """Tasks that started more than once."""
        return sum(count > 1 for count in self.starts.values())

    @property
    def uncounted(self) -> int:
        """Tasks that ended well, and of whose start nobody has heard."""
        return self.right - sum(name.startswith("load ") for name in self.starts)
