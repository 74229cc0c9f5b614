"""The cells that every worker runs: `%%pool_run`."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..api.shared import get_reusable_executor
from ..dispatch.pool import Pool
from ..notebook.cell import current_cell_id
from ..tracebacks import add_note
from ..waiting.futures import PoolFuture
from ..worker.cell_bodies import EverywhereCell
from .cell_names import is_imported, names_assigned


class EverywhereCells:
    """The cells that every worker of the shared pool runs, also each worker that starts later.

    A cell that runs again takes the place of its earlier run: a later worker runs it once.
    """

    def __init__(self) -> None:
        self._pool: Pool | None = None
        self._calls: dict[str, PoolFuture[list[Any]]] = {}

    def run(
        self, body: EverywhereCell, namespace: Mapping[str, Any], out: str | None = None
    ) -> PoolFuture[list[Any]]:
        """Have every worker run a cell.

        Args:
            namespace: the notebook's variables.
            out: the name that the notebook will have for the values.

        Returns:
            A future of the values of all workers.
        """
        pool = get_reusable_executor()._pool
        if pool is not self._pool:
            self._pool, self._calls = pool, {}
        _tell_of_names_twice(body, namespace, {*body.pulled, out})
        key = current_cell_id() or body.text
        future = pool.set_up(body, (), required=False)
        older = self._calls.get(key)
        if older is not None:
            pool.forget_set_up(older)
        self._calls[key] = future
        return future

    @contextmanager
    def waiting_for(self, future: PoolFuture[list[Any]]) -> Iterator[None]:
        """Wait for a run in the body. If that is interrupted, stop the workers that run it."""
        try:
            yield
        except (KeyboardInterrupt, asyncio.CancelledError):
            if self._pool is not None and not future.done():
                self._pool.forget_set_up(future, stop=True)
            raise
        except Exception as error:
            add_note(error, "No later worker runs this cell: correct it and run it again.")
            raise


def _tell_of_names_twice(
    body: EverywhereCell, namespace: Mapping[str, Any], coming: Collection[str | None]
) -> None:
    """Say which names of a cell tasks will not find, since the notebook has them, too.

    Args:
        coming: the names that the cell sets in the notebook when it has ended.
    """
    assigned = names_assigned(ast.parse(body.text))
    twice = sorted(
        name
        for name in assigned
        if name in coming or (name in namespace and not is_imported(namespace[name]))
    )
    if twice:
        names = ", ".join(f"`{name}`" for name in twice)
        print(
            f"The notebook has {names}, too: functions and cells that run on workers get the "
            "notebook's. Use other names here to have the workers' own."
        )
