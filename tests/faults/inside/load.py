"""A load on a pool: tasks that keep coming while faults happen, and an account of each of them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.jobs.tasks import Task, TaskSource
from jupyterlite_pool.notebook.output import TaskOutput

#: A task prints this and its name when it starts. Output arrives at once, so starts are counted
#: even if no result ever comes.
MARK = "» start "

#: A task prints this and the time at the instant of its fault: seconds by the clock that all
#: interpreters of a browser share.
BREAKS = "» breaks "

#: How many tasks of the load are submitted at a time.
IN_FLIGHT = 3

#: Seconds that each of them computes.
BUSY = 0.004


def marked(name: str, function: Callable[..., Any], *args: Any) -> Any:
    """Report the start of a task, then call its function."""
    print(f"» start {name}", flush=True)
    return function(*args)


async def marked_async(name: str, function: Callable[..., Any], *args: Any) -> Any:
    """As `marked`, for an `async` function."""
    print(f"» start {name}", flush=True)
    return await function(*args)


def breaks() -> None:
    """Report that the fault of a task comes next. The task has imported all that it needs."""
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
    """Wait for a condition; fails after some seconds."""
    deadline = now() + seconds
    while not condition():
        assert now() < deadline, f"not in {seconds} s: {condition}"
        await asyncio.sleep(0.005)  # not less: browsers run shorter timers as a busy loop


class _Heard(TaskOutput):
    """Gets the output of tasks, and shows nothing."""

    def __init__(self, hear: Callable[[str], None]) -> None:
        super().__init__()
        self._hear = hear

    def take(
        self, worker: int, task: Task | None, source: TaskSource | None, stream: str, text: str
    ) -> None:
        self._hear(text)


class Load:
    """The load on one executor, and the outcomes of its tasks."""

    def __init__(self, executor: WorkerPoolExecutor) -> None:
        self.executor = executor
        #: How often each task started, by name.
        self.starts: Counter[str] = Counter()
        #: When the last start of each task was heard, by name.
        self.started_at: dict[str, float] = {}
        #: When the last fault of a task happened, if a task has reported one.
        self.broke_at: float | None = None
        self.printed: list[str] = []
        self.submitted = 0
        self.right = 0
        self.failures: list[str] = []
        #: How many failures do not tell whether the task had started.
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
        """Start to submit tasks."""
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
        """Submit no more tasks, and wait for those that were submitted."""
        self._stopping = True
        if self._running is not None:
            await asyncio.wait_for(self._running, 60)

    @property
    def lost(self) -> int:
        """How many tasks ended neither with a value nor with an error."""
        return self.submitted - self.right - len(self.failures)

    @property
    def duplicated(self) -> int:
        """How many tasks started more than once."""
        return sum(count > 1 for count in self.starts.values())

    @property
    def uncounted(self) -> int:
        """How many tasks ended with a value, but never reported their start."""
        return self.right - sum(name.startswith("load ") for name in self.starts)
