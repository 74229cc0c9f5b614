"""Prints the tables of the last runs: `python -m tests.faults.report [--write-docs]`."""

from __future__ import annotations

import argparse
import json
import os
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
    "| known within, median | 99 of 100 | all workers back within, median | 99 of 100 "
    "| targets | next call |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|---|"
)


class Record:
    """Keeps the rounds of a run, each with the time of an ordinary start in the same run."""

    def __init__(self) -> None:
        self.rounds: list[dict[str, Any]] = []

    def add(self, words: str, detect: float | None = None, **known: float) -> None:
        """Keep a round of a fault in a page or a site, which its test has judged.

        Args:
            words: the fault, as the table names it.
            detect: seconds until the fault was known, or over.
            known: other figures of the round.
        """
        self.rounds.append({"words": words, "detect": detect, "next": True, **known})

    def write(self) -> None:
        """Write the rounds; they replace rounds of the same faults in the file, and no others."""
        FILE.parent.mkdir(exist_ok=True)
        before = json.loads(FILE.read_text("utf-8"))["rounds"] if FILE.exists() else []
        ours = {entry["words"] for entry in self.rounds}
        others = [entry for entry in before if entry["words"] not in ours]
        places = list(dict.fromkeys(entry["words"] for entry in [*before, *self.rounds]))
        rounds = sorted([*self.rounds, *others], key=lambda entry: places.index(entry["words"]))
        text = json.dumps({"rounds": rounds}, indent=1)
        part = FILE.with_suffix(f".{os.getpid()}")
        part.write_text(text + "\n", "utf-8")
        part.replace(FILE)  # at once: another process of the run may read it


def table(report: dict[str, Any]) -> str:
    """The table of a run. Times are shares of an ordinary start."""
    by_words: dict[str, list[dict[str, Any]]] = {}
    for entry in report["rounds"]:
        by_words.setdefault(entry["words"], []).append(entry)
    lines = [HEAD, *(_line(words, rounds) for words, rounds in by_words.items())]
    boots = {entry["boot"] for entry in report["rounds"] if "boot" in entry}
    if boots:
        took = f"{statistics.median(boots):.2f} s, the median of {len(boots)}"
        lines += ["", f"An ordinary start took {took}."]
    return "\n".join(lines)


def _line(words: str, rounds: Sequence[dict[str, Any]]) -> str:
    def total(key: str) -> int | str:
        if any(key not in r for r in rounds):
            return "–"  # this fault has no such figure
        return sum(len(r[key]) if isinstance(r[key], list) else r[key] for r in rounds)

    def share(key: str, of: float) -> float | None:
        values = sorted(
            r[key] / r["boot"] for r in rounds if r.get(key) is not None and "boot" in r
        )
        return values[min(len(values) - 1, int(of * len(values)))] if values else None

    shares = [share(key, of) for key in ("detect", "recover") for of in (0.5, 0.99)]
    cells = [
        words,
        len(rounds),
        total("tasks"),
        total("lost"),
        total("duplicated"),
        total("failed elsewhere"),
        total("unknown"),
        *("–" if value is None else f"{value:.3f}" for value in shares),
        _kept(shares, rounds[0].get("targets")) + _over(rounds),
        "ran" if all(r["next"] for r in rounds) else "failed",
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


def _kept(shares: Sequence[float | None], targets: Sequence[float] | None) -> str:
    """The targets, and whether the times met them in 99 rounds of 100, in the median, or not."""
    if targets is None:
        return "–"
    known, back = targets
    wanted = (known, known, back, back)
    within = [
        share is not None and share <= most for share, most in zip(shares, wanted, strict=True)
    ]
    said = "met" if all(within) else "met in the median" if within[0] and within[2] else "missed"
    return f"{known:g}, {back:g}: {said}"


def _over(rounds: Sequence[dict[str, Any]]) -> str:
    """The median share of a time limit by which its task exceeded it."""
    over = [r["overrun"] for r in rounds if "overrun" in r]
    return f"; {statistics.median(over):.1%} over the limit" if over else ""


def figures(soak: dict[str, Any]) -> str:
    """The table of the long tests."""
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


#: The name of each table's marks in the document, the file of its figures, and its function.
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
