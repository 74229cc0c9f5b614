"""Print the path of a Chromium: an installed one, else Playwright's, else Debian's package.

Downloads one if the machine has none. Exits with an error if that fails, because the tests in a
browser are not optional.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def installed() -> str | None:
    """The path of a Chromium on the PATH."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def playwrights() -> str | None:
    """The path of the Chromium that Playwright has downloaded."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def find() -> str | None:
    """The path of a Chromium on this machine; None if there is none."""
    return installed() or playwrights()


def bring() -> str | None:
    """The path of a Chromium, which is downloaded if the machine has none."""
    found = find()
    if found is not None:
        return found
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get"):
        attempts.append(["sh", "-c", "apt-get update -q && apt-get install -y -q chromium"])
    for command in attempts:
        print("trying:", *command, flush=True)
        subprocess.run(command, check=False)
        found = find()
        if found is not None:
            return found
    return None


if __name__ == "__main__":
    chromium = bring()
    if chromium is None:
        sys.exit("no Chromium was found or could be downloaded: install one and run this again")
    print(chromium)
