"""Keeps the results in files and puts them into the documents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import between, plots
from .report import HEAD, Measured, between_marks
from .stage import BUILD, HERE

ROOT = HERE.parent


def write(rows: Sequence[Measured], about: Mapping[str, Any], folder: Path = BUILD) -> str:
    """Write the results so far, as a table and as JSON; returns what stands under the table."""
    text = "{cores} cores, Chromium {chromium}, native Python {python}, {seconds} s in all."
    summary = "\n".join([text.format(**about), "", *between.explanations(rows)]).strip()
    lines = [HEAD, *(row.as_markdown() for row in rows), "", summary]
    folder.mkdir(exist_ok=True)
    (folder / "bench.md").write_text("\n".join(lines) + "\n", "utf-8")
    report = {**about, "rows": [row.as_json() for row in rows]}
    whole = json.dumps(report, indent=2, ensure_ascii=False)
    (folder / "bench.json").write_text(whole + "\n", "utf-8")
    return summary


def write_docs(every: set[int], folder: Path = BUILD, root: Path = ROOT) -> None:
    """Put the last run's table and drawings into the page on performance.

    The README quotes some of its figures; a test says which of them have changed.

    Raises:
        ValueError: the last run did not measure all rows with all repetitions.
    """
    report = json.loads((folder / "bench.json").read_text("utf-8"))
    if report["quick"] or {row["number"] for row in report["rows"]} != every:
        raise ValueError(
            "the last run did not measure all rows with all repetitions: run `make bench`"
        )
    table = (folder / "bench.md").read_text("utf-8")
    page = root / "docs" / "performance.md"
    whole = f"{table}\n{plots.SHOWN}"
    page.write_text(between_marks(page.read_text("utf-8"), whole), "utf-8")
    plots.draw(report, root / "docs" / "images")
