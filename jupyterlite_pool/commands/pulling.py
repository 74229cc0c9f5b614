"""`--pull`: names that a cell has assigned on workers come to the notebook."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from ..api.map_result import MapResult
from ..jobs.outcomes import PulledOutcomes


class Pull:
    """Gives names of a parallel cell to the notebook, each as a list by item.

    The names are set when all values of the result are there, and again after items ran again.
    """

    def __init__(self, names: Sequence[str], namespace: dict[str, Any]) -> None:
        """Give nothing yet.

        Args:
            names: names that the cell assigns.
            namespace: the notebook's variables.
        """
        self._names = names
        self._namespace = namespace
        self._given = False

    def follow(self, result: MapResult[Any]) -> None:
        """Give the names of a result as soon as it is complete, also if that is now."""
        result._observers.append(self.look)
        self.look(result)

    def look(self, result: MapResult[Any]) -> None:
        """Give the names, if the result is complete and they were not given yet."""
        if not result._filled:
            self._given = False  # items run again
        elif not self._given:
            self._given = True
            rows = [_names_of(result, index) for index in range(len(result))]
            unset = []
            for name in self._names:
                if all(isinstance(row, BaseException) or name in row for row in rows):
                    self._namespace[name] = [
                        row if isinstance(row, BaseException) else row[name] for row in rows
                    ]
                else:
                    unset.append(f"`{name}`")
            if unset:
                sys.stderr.write(
                    f"--pull has not set {', '.join(unset)}: items ran again with a function, "
                    "which brings no names. Correct the cell and run it again.\n"
                )


def _names_of(result: MapResult[Any], index: int) -> dict[str, Any] | BaseException:
    """What an item has brought; its error, if it failed and exceptions are kept."""
    run, item = result._runs.place(index)
    if item in run.outcomes.failures:
        return run.outcomes.failures[item]
    # A function that has run in place of the cell, in a retry, brings nothing.
    return run.outcomes.pulled[item] if isinstance(run.outcomes, PulledOutcomes) else {}
