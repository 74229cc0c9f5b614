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
    5: "a call that pauses Python takes a turn of the event loop; one that is awaited takes none",
    6: "each item has a look at the clock, and a record of its result: a crash costs no other",
    12: "the page has such tasks in the cell without the pool, too",
    15: "a call goes over a private port, and 100 MB are copied once into Python's heap",
    23: "an item costs more here than on the machine where its costs were measured",
    26: "the calls by hand differ more among each other than these from them",
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
