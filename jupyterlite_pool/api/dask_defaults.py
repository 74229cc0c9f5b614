"""Dask's shuffles on the pool pass through results, not through files of one worker.

To shuffle is to bring together what belongs together: `Bag.groupby`, or a `merge` of data frames.
Without a cluster, Dask shuffles through files by default: some tasks write them, others read them.
But here each worker has files of its own. Dask's other way, by tasks, is right everywhere.

`Bag.groupby` chooses the way before anybody knows what will compute it. So the choice is a default
of Dask's configuration. Whatever the user has configured counts more.
"""

from __future__ import annotations

from typing import Any

from ..imports import AfterImport

#: Dask reads this for bags, too.
DEFAULTS = {"dataframe": {"shuffle": {"method": "tasks"}}}


def _set_defaults(config: Any) -> None:
    update = getattr(config, "update_defaults", None)
    if update is not None:  # else this is another module of that name
        update(DEFAULTS)


_after_import = AfterImport({"dask.config": _set_defaults})


def shuffle_by_tasks() -> None:
    """Let Dask shuffle by tasks, unless the user has configured something else.

    If Dask is not imported yet, this happens when it is. A second call does nothing.
    """
    _after_import.start()
