"""Compares two ways to start workers on a site without a snapshot."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .report import Row, Series
from .scripts import empty_site
from .stage import Stage, script, take_turns
from .starting import WORKERS

#: The site's lock file, which names the wheels that workers use.
LOCK = "static/pyodide-lock/pyodide-lock.json"


def workers(stage: Stage) -> Iterator[Row]:
    """Row 17: one worker makes a snapshot for the others, or all start the ordinary way."""
    packages = json.loads((stage.folder / LOCK).read_text("utf-8"))["packages"]
    names = [packages[name]["file_name"] for name in ("jupyterlite-pool", "cloudpickle")]
    with empty_site(stage.folder) as site:
        folder = f"{site}/{LOCK.rpartition('/')[0]}"
        wheels = [f"{folder}/{name}" for name in names]

        def start(way: str) -> float:
            with stage.browser.new_context() as context:
                page = context.new_page()
                page.goto(f"{site}/empty.html")
                argument = [site, wheels, way, WORKERS]
                return float(page.evaluate(script("snapshotless.js"), argument))

        made, ordinary = take_turns(stage.seldom, lambda: start("made"), lambda: start("ordinary"))
    yield Row(
        17,
        Series(f"{WORKERS} workers ready, the first makes a snapshot for the others", "s", made),
        Series("each starts the ordinary way, with the shared runtime", "s", ordinary),
    )
