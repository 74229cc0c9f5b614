"""`loop.run_in_executor` in a browser, where Pyodide's own calls the function right there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from .browser import IN_BROWSER


def install_run_in_executor(kind: type[Executor]) -> None:
    """Let `loop.run_in_executor(executor, f, x)` submit the call to an executor of this kind.

    Pyodide's event loop has no threads to give calls to, and so it ignores its executor. For every
    other executor, None included, that stays as it is. Does nothing elsewhere, or a second time.
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
