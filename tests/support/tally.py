"""How many pages and kernels a run has started: they cost more than most of what is tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass
class Tally:
    """What this process has started."""

    pages: int = 0
    kernels: int = 0
    #: Kernels that a test was given after another one had given them back.
    reused: int = 0
    #: Kernels that were not clean when they were given back.
    dirty: int = 0
    #: What was left in those, and how often.
    left: Counter[str] = field(default_factory=Counter)

    def counts(self) -> dict[str, int]:
        """The counts by name, as another process can take them."""
        return {**{name: getattr(self, name) for name in COUNTED}, **self.left}


#: What is counted of pages and kernels.
COUNTED = [each.name for each in fields(Tally) if each.name != "left"]

#: The tally of this process.
tally = Tally()


def sentence(counts: Counter[str]) -> str:
    """The counts of one or several processes, for people."""
    words = [f"{counts[name]} {name}" for name in COUNTED]
    left = [f"{count} with {name}" for name, count in counts.most_common() if name not in COUNTED]
    return "\n    ".join([f"pages and kernels: {', '.join(words)}", *left])


#: This many files are named, those that took longest.
FILES = 25


def slowest_files(reports: Iterable[Any]) -> Iterator[str]:
    """A line for each of the files whose tests and fixtures took longest in a run.

    Args:
        reports: what pytest has reported of each phase of each test, and anything else.
    """
    seconds: Counter[str] = Counter()
    tests: Counter[str] = Counter()
    for report in reports:
        if hasattr(report, "duration") and hasattr(report, "nodeid"):
            file = report.nodeid.partition("::")[0]
            seconds[file] += report.duration
            tests[file] += report.when == "call"
    for file, took in seconds.most_common(FILES):
        if took >= 1:
            yield f"{took:8.1f} s  {file} ({tests[file]} tests)"
