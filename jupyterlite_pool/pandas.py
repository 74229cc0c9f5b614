"""Gives pandas' objects `parallel_apply` and `parallel_map` when it is imported.

    import jupyterlite_pool.pandas
    table["price"] = table.parallel_apply(price, axis=1)

The names are those of pandarallel: `parallel_apply` of data frames, series and groups,
`parallel_map` of series and data frames, and `parallel_applymap`. Each gives what pandas' own
method of the name without `parallel_` gives.
"""

from __future__ import annotations

from .stand_ins.pandas_methods import add_methods, remove_methods

__all__ = ["add_methods", "remove_methods"]

add_methods()
