"""What became of all rounds, as a table: `python -m tests.faults.report [--write-docs]`."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import between_marks

from .beside import outcome

ROOT = Path(__file__).parents[2]
FILE = ROOT / "build" / "faults.json"
SOAK = ROOT / "build" / "soak.json"
DOCUMENT = ROOT / "docs" / "faults.md"

HEAD = (
    "| what happens | rounds | tasks meanwhile | lost | run twice | failed elsewhere | unknown "
    "| known within | all workers back within, median | 99 of 100 | next call |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|"
)


class Record:
    """Keeps the rounds of a run, beside the time of an ordinary start in the same run."""

    def __init__(self) -> None:
        self.rounds: list[dict[str, Any]] = []
        #: Seconds of an ordinary start, each.
        self.boots: list[float] = []

    def add(self, words: str, detect: float | None = None, **known: float) -> None:
        """Keep a round of a fault that is done to a page or a site; its test has judged it.

        Args:
            detect: seconds until it was known, or over.
            known: what else is known of the round.
        """
        entry = {"tasks": 0, "lost": 0, "duplicated": 0, "unknown": 0, "failed elsewhere": []}
        self.rounds.append({"words": words, "detect": detect, **entry, "next": True, **known})

    def write(self) -> None:
        """Take the places of the same faults in what other runs have left, and keep the rest."""
        FILE.parent.mkdir(exist_ok=True)
        before = (
            json.loads(FILE.read_text("utf-8")) if FILE.exists() else {"boots": [], "rounds": []}
        )
        ours = {entry["words"] for entry in self.rounds}
        others = [entry for entry in before["rounds"] if entry["words"] not in ours]
        kept = {"boots": self.boots or before["boots"], "rounds": [*self.rounds, *others]}
        text = json.dumps(kept, indent=1)
        FILE.write_text(text + "\n", "utf-8")


def table(report: dict[str, Any]) -> str:
    """The table of a run, its times as shares of an ordinary start."""
    by_words: dict[str, list[dict[str, Any]]] = {}
    for entry in report["rounds"]:
        by_words.setdefault(entry["words"], []).append(entry)
    lines = [HEAD, *(_line(words, rounds) for words, rounds in by_words.items())]
    boots = report["boots"]
    if boots:
        took = f"{statistics.median(boots):.2f} s, the median of {len(boots)}"
        lines += ["", f"An ordinary start took {took}."]
    return "\n".join(lines)


def _line(words: str, rounds: Sequence[dict[str, Any]]) -> str:
    def total(key: str) -> int:
        return sum(len(r[key]) if isinstance(r[key], list) else r[key] for r in rounds)

    def share(key: str, of: float) -> str:
        values = sorted(
            r[key] / r["boot"] for r in rounds if r.get(key) is not None and "boot" in r
        )
        if not values:
            return "–"
        place = min(len(values) - 1, int(of * len(values)))
        return f"{values[place]:.3f}"

    cells = [
        words,
        len(rounds),
        total("tasks"),
        total("lost"),
        total("duplicated"),
        total("failed elsewhere"),
        total("unknown"),
        share("detect", 0.99),
        share("recover", 0.5),
        share("recover", 0.99),
        "ran" if all(r["next"] for r in rounds) else "failed",
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


def figures(soak: dict[str, Any]) -> str:
    """The figures of what is long."""
    lines = ["| what | figures | minutes that the whole run had |", "|---|---|--:|"]
    for words, found in soak.items():
        shown = ", ".join(
            f"{name.replace('_', ' ')}: {_number(n)}"
            for name, n in found.items()
            if name != "minutes"
        )
        lines.append(f"| {words} | {shown} | {found['minutes']:g} |")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


#: What runs have left, and how it is shown: each between the marks of its name.
TABLES: list[tuple[str, Path, Callable[[dict[str, Any]], str]]] = [
    ("faults", FILE, table),
    ("beside", outcome.FILE, outcome.table),
    ("soak", SOAK, figures),
]


def main() -> None:
    """Print the tables of the last runs, or put them into the document."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.report")
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    made = [(name, file, show) for name, file, show in TABLES if file.exists()]
    if not made:
        sys.exit("there was no run: `make faults`")
    document = DOCUMENT.read_text("utf-8")
    for name, file, show in made:
        text = show(json.loads(file.read_text("utf-8")))
        document = between_marks(document, text, name)
        if not options.write_docs:
            print(text, end="\n\n")
    if options.write_docs:
        DOCUMENT.write_text(document, "utf-8")


if __name__ == "__main__":
    main()
