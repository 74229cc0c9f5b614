"""What processes weigh, as Linux counts it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import psutil
from playwright.sync_api import Browser


def proportional_set_size(process: int) -> int:
    """Bytes of a process, those that it shares counted in part."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text("utf-8")
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"the system does not say what process {process} weighs")
    return int(found[1]) * 1024


def weight_of_descendants(counts: Callable[[list[str]], bool]) -> float:
    """Megabytes of those processes below this one whose command line counts."""
    found = [
        process.pid
        for process in psutil.Process().children(recursive=True)
        if counts(process.cmdline())
    ]
    if not found:
        raise ValueError("there is no such process")
    return sum(map(proportional_set_size, found)) / 1e6


def weight_of_renderers(browser: Browser) -> float:
    """Megabytes of a Chromium's renderers."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    renderers = [process["id"] for process in processes if process["type"] == "renderer"]
    return sum(map(proportional_set_size, renderers)) / 1e6
