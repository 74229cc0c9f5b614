"""What became of all rounds, as a table: `python -m tests.faults.report [--write-docs]`."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import between_marks

ROOT = Path(__file__).parents[2]
FILE = ROOT / "build" / "faults.json"
DOCUMENT = ROOT / "docs" / "faults.md"

HEAD = (
    "| what happens | rounds | tasks meanwhile | lost | run twice | failed elsewhere "
    "| known within | all workers back within, median | 99 of 100 | next call |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|"
)


class Record:
    """Keeps the rounds of a run, beside the time of an ordinary start in the same run."""

    def __init__(self) -> None:
        self.rounds: list[dict[str, Any]] = []
        #: Seconds of an ordinary start, each.
        self.boots: list[float] = []

    def write(self) -> None:
        """Add to what other runs have left."""
        FILE.parent.mkdir(exist_ok=True)
        text = json.dumps({"boots": self.boots, "rounds": self.rounds}, indent=1)
        FILE.write_text(text + "\n", "utf-8")


def table(report: dict[str, Any]) -> str:
    """The table of a run, its times as shares of an ordinary start."""
    boot = statistics.median(report["boots"])
    by_words: dict[str, list[dict[str, Any]]] = {}
    for entry in report["rounds"]:
        by_words.setdefault(entry["words"], []).append(entry)
    lines = [HEAD, *(_line(words, rounds, boot) for words, rounds in by_words.items())]
    lines += ["", f"An ordinary start took {boot:.2f} s, the median of {len(report['boots'])}."]
    return "\n".join(lines)


def _line(words: str, rounds: Sequence[dict[str, Any]], boot: float) -> str:
    def total(key: str) -> int:
        return sum(len(r[key]) if isinstance(r[key], list) else r[key] for r in rounds)

    def share(key: str, of: float) -> str:
        values = sorted(r[key] for r in rounds if r.get(key) is not None)
        if not values:
            return "–"
        place = min(len(values) - 1, int(of * len(values)))
        return f"{values[place] / boot:.3f}"

    cells = [
        words,
        len(rounds),
        total("tasks"),
        total("lost"),
        total("duplicated"),
        total("failed elsewhere"),
        share("detect", 0.99),
        share("recover", 0.5),
        share("recover", 0.99),
        "ran" if all(r["next"] for r in rounds) else "failed",
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Print the table of the last run, or put it into the document."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.report")
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    if not FILE.exists():
        sys.exit("there was no run: `make faults`")
    text = table(json.loads(FILE.read_text("utf-8")))
    if options.write_docs:
        DOCUMENT.write_text(between_marks(DOCUMENT.read_text("utf-8"), text, "faults"), "utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
