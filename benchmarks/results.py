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

#: What two runs must have in common to be one table.
SAME = ("cores", "chromium", "python", "quick")

#: A row as JSON, with its line of the table.
Line = dict[str, Any]


def kept_rows(measured: set[int], about: Mapping[str, Any], folder: Path = BUILD) -> list[Line]:
    """What an earlier run has written of other rows, on this machine and with the same programs.

    Raises:
        ValueError: there is no earlier run, or it was of another machine or of other programs.
    """
    file = folder / "bench.json"
    report = json.loads(file.read_text("utf-8")) if file.exists() else {}
    if any(report.get(name) != about[name] for name in SAME):
        raise ValueError("there is no earlier run of this machine that is like this one")
    return [row for row in report["rows"] if row["number"] not in measured]


def write(
    rows: Sequence[Measured],
    about: Mapping[str, Any],
    folder: Path = BUILD,
    kept: Sequence[Line] = (),
) -> str:
    """Write the results so far, as a table and as JSON; returns what stands under the table.

    Args:
        kept: rows of an earlier run, which go into both, too.
    """
    new = [{**row.as_json(), "line": row.as_markdown()} for row in rows]
    whole = sorted([*kept, *new], key=lambda row: row["number"])
    text = "{cores} cores, Chromium {chromium}, native Python {python}, {seconds} s in all."
    missed = between.explanations(whole)
    summary = "\n".join([text.format(**about), "", *missed]).strip()
    lines = [HEAD, *(row["line"] for row in whole), "", summary]
    folder.mkdir(exist_ok=True)
    (folder / "bench.md").write_text("\n".join(lines) + "\n", "utf-8")
    report = {**about, "rows": whole}
    as_text = json.dumps(report, indent=2, ensure_ascii=False)
    (folder / "bench.json").write_text(as_text + "\n", "utf-8")
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
