"""The processes in which pages and their workers run."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def weight(browser: Browser) -> float:
    """Megabytes of all of them, what they share with others counted in part."""
    return sum(map(_proportional_set_size, renderers(browser))) / 1000


def _proportional_set_size(process: int) -> int:
    text = Path(f"/proc/{process}/smaps_rollup").read_text("utf-8")
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0
