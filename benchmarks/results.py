"""Keeps the results in files and puts them into the documents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import plots
from .report import HEAD, Measured, between_marks, quoted
from .stage import BUILD, HERE

ROOT = HERE.parent

#: The numbers of the rows that the README shows.
QUOTED = {1, 2, 6, 8, 10, 11}


def write(rows: Sequence[Measured], about: Mapping[str, Any], folder: Path = BUILD) -> str:
    """Write the results so far, as a table and as JSON; returns the line under the table."""
    text = "{cores} cores, Chromium {chromium}, native Python {python}, {seconds} s in all."
    summary = text.format(**about)
    lines = [HEAD, *(row.as_markdown() for row in rows), "", summary]
    folder.mkdir(exist_ok=True)
    (folder / "bench.md").write_text("\n".join(lines) + "\n", "utf-8")
    report = {**about, "rows": [row.as_json() for row in rows]}
    whole = json.dumps(report, indent=2, ensure_ascii=False)
    (folder / "bench.json").write_text(whole + "\n", "utf-8")
    return summary


def write_docs(every: set[int], folder: Path = BUILD, root: Path = ROOT) -> None:
    """Put the last run's table and drawings into the documents.

    Raises:
        ValueError: the last run did not measure all rows with all repetitions.
    """
    report = json.loads((folder / "bench.json").read_text("utf-8"))
    if report["quick"] or {row["number"] for row in report["rows"]} != every:
        raise ValueError(
            "the last run did not measure all rows with all repetitions: run `make bench`"
        )
    table = (folder / "bench.md").read_text("utf-8")
    whole = f"{table}\n{plots.SHOWN}"
    parts = {"docs/performance.md": whole, "README.md": quoted(table, QUOTED)}
    for name, part in parts.items():
        document = root / name
        document.write_text(between_marks(document.read_text("utf-8"), part), "utf-8")
    plots.draw(report, root / "docs" / "images")
