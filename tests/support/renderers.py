"""The processes in which pages and their workers run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser


def renderers(browser: Browser) -> list[int]:
    """Their numbers."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return [process["id"] for process in processes if process["type"] == "renderer"]


@contextmanager
def asleep(browser: Browser) -> Iterator[None]:
    """Nothing of them runs, as when a laptop sleeps; clocks go on."""
    processes = renderers(browser)
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)
