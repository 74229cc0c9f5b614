"""`loop.run_in_executor` for a pool, which Pyodide's event loop would ignore."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from .browser import IN_BROWSER


def install_run_in_executor(kind: type[Executor]) -> None:
    """Let `loop.run_in_executor(executor, f, x)` submit the call if the executor is of this kind.

    Pyodide's event loop has no threads. So it ignores the executor, and calls the function at once.
    It still does that for all other executors, and for None. Outside of a browser, and if it was
    called before, this function does nothing.
    """
    if not IN_BROWSER:
        return
    loop = type(asyncio.get_event_loop())
    original: Any = loop.run_in_executor
    if kind in getattr(original, "kinds", ()):
        return

    def run_in_executor(
        self: asyncio.AbstractEventLoop,
        executor: Executor | None,
        func: Callable[..., Any],
        *args: Any,
    ) -> Any:
        if isinstance(executor, kind):
            return asyncio.wrap_future(executor.submit(func, *args), loop=self)
        return original(self, executor, func, *args)

    run_in_executor.kinds = (kind,)  # type: ignore[attr-defined]
    loop.run_in_executor = run_in_executor  # type: ignore[method-assign,assignment]
