"""`parallel_apply` and `parallel_map`: pandas' `apply` and `map` on the pool.

Workers call the function. Then pandas itself makes the result, in the notebook: its own method runs
with a function that gives these values, one after the other. So the result is what pandas makes of
them, with its types, its columns and its index.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas

from ..api.pool_map import pool_map
from ..api.shared import get_reusable_executor
from ..errors import BlockingUnavailableError, PoolStartError
from ..waiting.browser import can_block
from ..worker.current_worker import current_worker
from ..worker.pandas_parts import Group, Lines, Values

#: A frame has this many parts for each worker: few enough to cost little, and enough that workers
#: end together and that the card shows how far they are.
PARTS = 16

_AXES = {0: 0, "index": 0, "rows": 0, 1: 1, "columns": 1}

_INSTEAD = "parts = await pool_map(lambda part: part.apply(f, axis=1), parts)"

#: Where pandas does not call a function once for each value.
_WITHOUT_CALLS = tuple(
    kind
    for name in ("CategoricalDtype", "SparseDtype", "ArrowDtype")
    if (kind := getattr(pandas, name, None)) is not None
)


def apply_frame(
    self: pandas.DataFrame,
    func: Any,
    axis: Any = 0,
    raw: bool = False,
    result_type: Any = None,
    args: tuple[Any, ...] = (),
    **kwargs: Any,
) -> Any:
    """As `DataFrame.apply`, with the rows or columns shared out among the workers of the pool.

    What is no function of one row or column, such as `"sum"`, a list or a ufunc, pandas applies in
    the notebook.

    Raises:
        BlockingUnavailableError: the browser cannot pause Python.
        Exception: whatever the function raised; a note says for which row or column.
    """
    number = _AXES.get(axis) if isinstance(axis, (int, str)) else None
    if number is None or self.empty or not _is_plain(func) or not _shares(kwargs):
        return self.apply(func, axis, raw, result_type, args, **kwargs)
    cuts = _cuts(self.shape[1 - number])
    parts = [self.iloc[cut] if number else self.iloc[:, cut] for cut in cuts]
    values = _run(Lines(func, args, kwargs, number, raw), parts, "parallel_apply")
    frame = self
    if number and not raw and result_type != "broadcast" and type(self) is pandas.DataFrame:
        # Rows of one column are made quickly, and nobody reads them.
        frame = pandas.DataFrame(0.0, index=self.index, columns=[0])
        frame.attrs = self.attrs
    return frame.apply(_giving(values), axis, raw, result_type)


def apply_series(self: pandas.Series, func: Any, *, args: Any = (), **kwargs: Any) -> Any:
    """As `Series.apply`, with the values shared out among the workers of the pool.

    Raises:
        BlockingUnavailableError: the browser cannot pause Python.
        Exception: whatever the function raised; a note says for which label of the index.
    """
    plain = _is_plain(func) and _calls_for_each(self) and _shares(kwargs)
    if not plain:
        return self.apply(func, args=args, **kwargs)
    values = _run(Values(func, args, kwargs), _parts([self]), "parallel_apply")
    return self.apply(_giving(values))


def map_series(self: pandas.Series, arg: Any, na_action: Any = None) -> Any:
    """As `Series.map`, with the values shared out among the workers of the pool.

    Raises:
        BlockingUnavailableError: the browser cannot pause Python.
        Exception: whatever the function raised; a note says for which label of the index.
    """
    if not (_is_plain(arg) and _calls_for_each(self)):
        return self.map(arg, na_action=na_action)
    values = _run(Values(arg, na_action=na_action), _parts([self]), "parallel_map")
    return self.map(_giving(values), na_action=na_action)


def map_frame(self: pandas.DataFrame, func: Any, na_action: Any = None, **kwargs: Any) -> Any:
    """As `DataFrame.map`, with the values shared out among the workers of the pool.

    Raises:
        BlockingUnavailableError: the browser cannot pause Python.
        Exception: whatever the function raised; a note says for which row.
    """
    whole = getattr(self, "map", None) or self.applymap  # pandas before 2.1
    columns = [self.iloc[:, place] for place in range(self.shape[1])]
    if self.empty or not _is_plain(func) or not all(map(_calls_for_each, columns)):
        return whole(func, na_action=na_action, **kwargs)
    values = _run(Values(func, (), kwargs, na_action), _parts(columns), "parallel_map")
    return whole(_giving(values), na_action=na_action)


def apply_groups(self: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
    """As `apply` of a groupby, with the groups shared out among the workers of the pool.

    Raises:
        BlockingUnavailableError: the browser cannot pause Python.
        Exception: whatever the function raised; a note says for which group.
    """
    if not _is_plain(func):
        return self.apply(func, *args, **kwargs)
    # An option of pandas; all else is for the function.
    options = {name: kwargs.pop(name) for name in ("include_groups",) if name in kwargs}
    groups: list[Any] = []
    self.apply(groups.append, **options)
    if not groups:
        return self.apply(func, *args, **options, **kwargs)
    names = [group.name for group in groups]
    _check_that_it_can_wait()
    task = Group(func, args, kwargs)
    values = pool_map(task, names, groups, label=f"parallel_apply {task.__name__}")
    return self.apply(_giving(values), **options)


def add_methods() -> None:
    """Give pandas' objects the methods, under the names that pandarallel has for them."""
    for owner, name, method in _methods():
        setattr(owner, name, method)


def remove_methods() -> None:
    """Take the methods away again."""
    for owner, name, method in _methods():
        if vars(owner).get(name) is method:
            delattr(owner, name)


def _methods() -> Iterator[tuple[type, str, Callable[..., Any]]]:
    yield pandas.DataFrame, "parallel_apply", apply_frame
    yield pandas.DataFrame, "parallel_applymap", map_frame
    yield pandas.DataFrame, "parallel_map", map_frame
    yield pandas.Series, "parallel_apply", apply_series
    yield pandas.Series, "parallel_map", map_series
    from pandas.core.groupby import DataFrameGroupBy, SeriesGroupBy

    yield DataFrameGroupBy, "parallel_apply", apply_groups
    yield SeriesGroupBy, "parallel_apply", apply_groups


def _is_plain(func: Any) -> bool:
    """Whether it is called with one thing at a time, and is no name, list or ufunc.

    pandas takes Python's own `sum`, `max` and `min` for its methods of these names.
    """
    methods = any(func is builtin for builtin in (sum, max, min))
    return callable(func) and type(func).__name__ != "ufunc" and not methods


def _shares(kwargs: dict[str, Any]) -> bool:
    """Whether no option of pandas' own asks for another way to apply a function."""
    return not {"by_row", "engine", "engine_kwargs", "convert_dtype"} & kwargs.keys()


def _calls_for_each(series: pandas.Series) -> bool:
    return not series.empty and not isinstance(series.dtype, _WITHOUT_CALLS)


def _cuts(length: int) -> list[slice]:
    """Even parts of a length, in order."""
    workers = 1
    if current_worker() is None:
        with contextlib.suppress(PoolStartError):  # then it runs in the notebook, with a warning
            workers = get_reusable_executor().max_workers
    count = min(length, PARTS * workers)
    return [
        slice(length * number // count, length * (number + 1) // count) for number in range(count)
    ]


def _parts(columns: Sequence[pandas.Series]) -> list[pandas.Series]:
    """Parts of columns of one length, column by column."""
    cuts = _cuts(len(columns[0]))
    return [column.iloc[cut] for column in columns for cut in cuts]


def _run(task: Lines | Values, parts: Sequence[Any], method: str) -> list[Any]:
    """The values of all parts, in order."""
    _check_that_it_can_wait()
    label = f"{method} {task.__name__}"
    return [value for values in pool_map(task, parts, label=label) for value in values]


def _check_that_it_can_wait() -> None:
    if current_worker() is None and not can_block():
        raise BlockingUnavailableError(_INSTEAD)


def _giving(values: Sequence[Any]) -> Callable[..., Any]:
    """A function that gives one value after the other, whatever it is called with."""
    left = iter(values)

    def give(_: object) -> Any:
        return next(left)

    return give
