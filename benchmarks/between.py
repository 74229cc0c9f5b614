"""What stands between a row and its target, if it misses it.

Each sentence was measured; `docs/performance.md` has the figures, and says what was tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

#: By the number of a row.
REASONS = {
    1: "Pyodide's script and its linking, and the browser starts one thread after the other",
    2: "Pyodide's script and its linking, and the thread that the browser starts",
    4: "a call wakes four threads, and runs interpreted Python on both sides",
    6: "each item has a look at the clock, and a record of its result: a crash costs no other",
    15: "a call goes over a private port, and 100 MB are copied once into Python's heap",
}


def explanations(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each row that misses its target, in Markdown.

    Args:
        rows: as JSON.
    """
    for row in rows:
        if row["verdict"] == "missed":
            reason = REASONS.get(row["number"], "nobody has found out yet")
            yield f"- Row {row['number']}, {row['this']['name']}: {reason}."
