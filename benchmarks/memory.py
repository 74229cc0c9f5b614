"""The memory of processes, as Linux counts it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import psutil
from playwright.sync_api import Browser


def proportional_set_size(process: int) -> int:
    """Bytes of memory of a process; shared memory counts in part."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text("utf-8")
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"the system does not tell how much memory process {process} has")
    return int(found[1]) * 1024


def weight_of_descendants(counts: Callable[[list[str]], bool]) -> float:
    """Megabytes of the descendants of this process whose command line `counts` accepts."""
    found = [
        process.pid
        for process in psutil.Process().children(recursive=True)
        if counts(process.cmdline())
    ]
    if not found:
        raise ValueError("no descendant of this process has such a command line")
    return sum(map(proportional_set_size, found)) / 1e6


def weight_of_renderers(browser: Browser) -> float:
    """Megabytes of all renderers of a Chromium."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    renderers = [process["id"] for process in processes if process["type"] == "renderer"]
    return sum(map(proportional_set_size, renderers)) / 1e6
