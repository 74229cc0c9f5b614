"""Counts the tests of each release and browser: `python -m tests.releases.table [--write-docs]`.

It counts what pytest collects, the long tests among it.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import between_marks

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "releases.md"
MARKS = "counts"


class Place(NamedTuple):
    """Where tests run."""

    pyodide: str
    site: str
    browser: str
    #: What the names of its tests match, with their files.
    tests: str


PLACES = (
    Place(
        "0.27", "none, and JupyterLite 0.5", "Chromium", r"test_cores.*\[0\.27|site_of_strangers"
    ),
    Place("0.27", "JupyterLite 0.6", "Chromium", r"test_lite_sites.*0\.6\.4"),
    Place("0.28", "none", "Chromium", r"test_cores.*\[0\.28"),
    Place("0.28", "JupyterLite 0.7, alpha", "Chromium", r"test_lite_sites.*0\.7\.0a7"),
    Place("0.29", "none", "Chromium", r"test_cores.*\[0\.29"),
    Place("0.29", "JupyterLite 0.7", "Chromium", r"test_lite_sites.*0\.7\.6"),
    Place("314", "JupyterLite 0.8, ours", "Chromium", r"tests/browser/|contract/test_in_browser"),
    Place("314", "JupyterLite 0.8, ours", "Firefox", r"firefox"),
    Place("314", "JupyterLite 0.8, ours", "WebKitGTK", r"webkit"),
    Place("315, alpha", "none", "Chromium", r"test_cores.*\[315"),
)

#: What of a site is tried, and what the names of its tests match, with their files.
ASPECTS = {
    "contract": r"contract",
    "drive": r"test_files\.py|files|what_the_notebook_wrote|modules_beside",
    "packages": r"packages|numpy|pandas|scikit|pyarrow|scipy|dask|joblib",
    "interrupt": r"test_interrupt\.py|test_busy|busy_cell_ends",
    "snapshot": r"snapshot|restored",
}


def collected() -> list[str]:
    """The names of all tests in a browser, with their files."""
    folders = [
        "tests/browser",
        "tests/contract/test_in_browser.py",
        "tests/other_browsers",
        "tests/releases",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *folders],
        cwd=ROOT,
        env={**os.environ, "MINUTES": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in done.stdout.splitlines() if "::" in line]


def table(names: Iterable[str]) -> str:
    """The table, in Markdown."""
    lines = [
        f"| Pyodide | site | browser | {' | '.join(ASPECTS)} | all tests |",
        f"|---|---|---|{'--:|' * (len(ASPECTS) + 1)}",
    ]
    known = list(names)
    for place in PLACES:
        here = [name for name in known if re.search(place.tests, name)]
        counts = [
            sum(bool(re.search(aspect, name)) for name in here) for aspect in ASPECTS.values()
        ]
        shown = [str(count) if count else "–" for count in (*counts, len(here))]
        lines.append(f"| {place.pyodide} | {place.site} | {place.browser} | {' | '.join(shown)} |")
    return "\n".join(lines)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Count the tests of each release and browser.")
    parser.add_argument("--write-docs", action="store_true", help=f"write into {DOCUMENT.name}")
    counts = table(collected())
    if parser.parse_args().write_docs:
        DOCUMENT.write_text(between_marks(DOCUMENT.read_text("utf-8"), counts, MARKS), "utf-8")
    print(counts)


if __name__ == "__main__":
    main()
