"""How many pages and kernels a run has started: they cost more than most of what is tested."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, fields


@dataclass
class Tally:
    """What this process has started."""

    pages: int = 0
    kernels: int = 0
    #: Kernels that a test was given after another one had given them back.
    reused: int = 0
    #: Kernels that were not clean when they were given back.
    dirty: int = 0

    def counts(self) -> dict[str, int]:
        """The counts by name, as another process can take them."""
        return asdict(self)


#: The tally of this process.
tally = Tally()


def sentence(counts: Counter[str]) -> str:
    """The counts of one or several processes, for people."""
    words = [f"{counts[field.name]} {field.name}" for field in fields(Tally)]
    return f"pages and kernels: {', '.join(words)}"
