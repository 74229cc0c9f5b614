"""What the promises share."""

import concurrent.futures as cf
import time
from collections.abc import Callable
from typing import Any

Make = Callable[..., Any]


def lose(executor: Any) -> None:
    """Stop the first worker that is busy, from outside."""
    backend = executor._pool.backend
    busy = [worker.id for worker in executor.status().workers if worker.state == "busy"]
    backend.kill(min(busy))


def raised(call: Callable[[], object]) -> BaseException:
    """What a call raises; it must raise something."""
    try:
        value = call()
    except BaseException as error:
        return error
    raise AssertionError(f"it raised nothing, and gave {value!r}")


def until(condition: Callable[[], bool], executor: Any) -> None:
    """Wait until something is so that no future tells; gives the thread back meanwhile."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        # In a browser, only a wait lets the workers' messages in.
        pause: cf.Future[None] = cf.Future()
        executor._pool.call_later(0.01, lambda pause=pause: pause.set_result(None))
        cf.wait([pause])


def warm(executor: Any) -> None:
    """Wait until the workers are up, so that a time limit measures what it is about."""
    until(lambda: len(executor.ready_workers) == 2, executor)
    for _ in range(2):
        cf.wait([executor.submit(nap, 0.1) for _ in range(2)])


def nap(seconds: float) -> float:
    """Sleeps on a worker."""
    import time

    time.sleep(seconds)
    return seconds


def divide(a: float, b: float) -> float:
    """Raises where b is 0."""
    return a / b


def forget(make: Make) -> None:
    """Let the place that makes executors hold none of them."""
    held = getattr(make, "made", None)
    if held is not None:
        held.clear()
