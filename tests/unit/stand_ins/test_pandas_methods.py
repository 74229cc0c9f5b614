"""`parallel_apply` and `parallel_map` give what pandas' own methods give, value, type and index."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pandas = pytest.importorskip("pandas", reason="pandas is not installed")

import numpy  # noqa: E402

import jupyterlite_pool  # noqa: E402
from jupyterlite_pool import WorkerPoolExecutor  # noqa: E402
from jupyterlite_pool.stand_ins import pandas_methods  # noqa: E402
from jupyterlite_pool.tracebacks import notes_of  # noqa: E402
from jupyterlite_pool.worker.pandas_parts import Group, Lines, Values  # noqa: E402


@pytest.fixture(autouse=True)
def _methods(pool: WorkerPoolExecutor) -> Iterator[None]:
    pandas_methods.add_methods()
    yield
    pandas_methods.remove_methods()


ROWS = 101

MIXED = pandas.DataFrame(
    {
        "number": range(ROWS),
        "half": [n / 2 if n % 7 else None for n in range(ROWS)],
        "word": [f"word {n % 5}" for n in range(ROWS)],
        "day": pandas.date_range("2026-01-01", periods=ROWS, tz="Europe/Berlin"),
        "kind": pandas.Categorical([("a", "b", "c")[n % 3] for n in range(ROWS)]),
        "whole": pandas.array([n if n % 11 else None for n in range(ROWS)], dtype="Int64"),
    },
    index=[f"row {n}" for n in range(ROWS)],
)
NUMBERS = pandas.DataFrame(
    numpy.arange(90.0).reshape(30, 3), columns=list("xyz"), index=range(100, 130)
)


def same(found: Any, expected: Any) -> None:
    """Check that two objects of pandas are equal in all that they have."""
    assert type(found) is type(expected)
    if isinstance(expected, pandas.DataFrame):
        pandas.testing.assert_frame_equal(found, expected)
    elif isinstance(expected, pandas.Series):
        pandas.testing.assert_series_equal(found, expected)
    else:
        assert found == expected


def changed(row: Any) -> Any:
    row = row.copy()
    row["more"] = len(row)
    return row


#: Functions of a row, of which some give values of several types or with several names.
OF_ROWS: dict[str, Callable[..., Any]] = {
    "a number": lambda row: row["number"] * 2,
    "a text": lambda row: row["word"].upper(),
    "a number or nothing": lambda row: row["number"] if row["number"] > 90 else None,
    "whole numbers, then parts": lambda row: row["number"] if row["number"] < 50 else 0.5,
    "truth, then numbers": lambda row: True if row["number"] < 50 else 7,
    "times": lambda row: row["day"],
    "lists": lambda row: [row["number"], row["word"]],
    "lists of several lengths": lambda row: [0] * (row["number"] % 3),
    "the row itself": lambda row: row,
    "a changed row": changed,
    "series": lambda row: pandas.Series({"a": row["number"], "b": row["word"]}),
    "series with other names": lambda row: pandas.Series({f"c{row['number'] % 2}": 1}),
    "dicts": lambda row: {"n": row["number"]},
    "nothing": lambda row: None,
    "its name": lambda row: row.name,
}


@pytest.mark.parametrize("name", OF_ROWS)
@pytest.mark.parametrize("result_type", [None, "expand", "reduce"])
def test_rows(name: str, result_type: str | None) -> None:
    of_row = OF_ROWS[name]
    ways = {"axis": 1, "result_type": result_type}
    try:
        expected = MIXED.apply(of_row, **ways)
    except ValueError as error:  # pandas makes no columns of lists of several lengths
        with pytest.raises(ValueError, match=str(error)):
            MIXED.parallel_apply(of_row, **ways)
    else:
        same(MIXED.parallel_apply(of_row, **ways), expected)


@pytest.mark.parametrize("axis", [0, 1, "index", "columns"])
@pytest.mark.parametrize("raw", [False, True])
def test_rows_and_columns_as_series_and_as_arrays(axis: int | str, raw: bool) -> None:
    for of_line in (lambda line: line.max() - line.min(), lambda line: line * 2, numpy.median):
        found = NUMBERS.parallel_apply(of_line, axis=axis, raw=raw)
        same(found, NUMBERS.apply(of_line, axis=axis, raw=raw))


def test_broadcast_and_arguments() -> None:
    def scaled(line: Any, factor: float, *, more: float = 0) -> Any:
        return line.mean() * factor + more

    ways: dict[str, Any] = {"axis": 1, "result_type": "broadcast", "args": (2,), "more": 1}
    same(NUMBERS.parallel_apply(scaled, **ways), NUMBERS.apply(scaled, **ways))
    same(NUMBERS.parallel_apply(scaled, args=(3,)), NUMBERS.apply(scaled, args=(3,)))


def test_what_is_no_function_of_a_row_is_as_in_pandas() -> None:
    for way in ("sum", ["sum", "mean"], {"x": "max"}, numpy.sqrt, sum):
        same(NUMBERS.parallel_apply(way), NUMBERS.apply(way))
    for empty in (NUMBERS.iloc[:0], NUMBERS.iloc[:, :0]):
        same(empty.parallel_apply(lambda row: 1, axis=1), empty.apply(lambda row: 1, axis=1))
    with pytest.raises(ValueError, match="No axis named 7"):
        NUMBERS.parallel_apply(len, axis=7)


def test_attributes_of_the_frame_stay() -> None:
    table = MIXED.copy()
    table.attrs["source"] = "a file"
    assert table.parallel_apply(len, axis=1).attrs == table.apply(len, axis=1).attrs


#: Functions of a value.
OF_VALUES: dict[str, Callable[..., Any]] = {
    "text": str,
    "type": lambda value: type(value).__name__,
    "itself": lambda value: value,
    "nothing": lambda value: None,
    "a series": lambda value: pandas.Series([str(value), 1]),
}


@pytest.mark.parametrize("column", MIXED.columns)
@pytest.mark.parametrize("name", OF_VALUES)
def test_values_of_a_series(column: str, name: str) -> None:
    series, of_value = MIXED[column], OF_VALUES[name]
    if name != "a series" or column != "kind":  # pandas itself fails there
        same(series.parallel_apply(of_value), series.apply(of_value))
    if name != "a series":
        for na_action in (None, "ignore"):
            found = series.parallel_map(of_value, na_action=na_action)
            same(found, series.map(of_value, na_action=na_action))


def test_other_ways_to_map_a_series() -> None:
    numbers = NUMBERS["x"]
    same(numbers.parallel_map({0.0: "none"}), numbers.map({0.0: "none"}))
    same(numbers.parallel_apply(numpy.sqrt), numbers.apply(numpy.sqrt))
    same(numbers.parallel_apply("max"), numbers.max())
    same(numbers.parallel_apply(pow, args=(2,)), numbers.apply(pow, args=(2,)))
    same(numbers.iloc[:0].parallel_apply(str), numbers.iloc[:0].apply(str))


def test_values_of_a_frame() -> None:
    for table in (NUMBERS, MIXED, MIXED.drop(columns="kind")):
        for na_action in (None, "ignore"):
            found = table.parallel_map(str, na_action=na_action)
            same(found, table.map(str, na_action=na_action))
    same(NUMBERS.parallel_applymap(round, ndigits=1), NUMBERS.map(round, ndigits=1))


@pytest.mark.parametrize("by", ["word", ["word", "kind"]])
def test_groups(by: Any) -> None:
    of_groups: list[Callable[..., Any]] = [
        len,
        lambda group: group["number"].sum(),
        lambda group: group.head(2),
        lambda group: group.assign(rank=group["number"].rank()),
        lambda group: pandas.Series({"n": len(group), "name": str(group.name)}),
        lambda group: None if len(group) % 2 else group["half"].mean(),
    ]
    for keys in ({}, {"group_keys": False}, {"as_index": False}, {"sort": False}):
        groups = MIXED.groupby(by, observed=True, **keys)
        for of_group in of_groups:
            same(groups.parallel_apply(of_group), groups.apply(of_group))
    series = MIXED.groupby(by, observed=True)["number"]
    same(
        series.parallel_apply(lambda g, top: g.nlargest(top), 2),
        series.apply(pandas.Series.nlargest, 2),
    )
    same(series.parallel_apply("sum"), series.apply("sum"))


def test_an_error_says_for_what_it_was() -> None:
    def fails(row: Any) -> int:
        if row["number"] == 77:
            raise ValueError("seventy-seven")
        return 1

    with pytest.raises(ValueError, match="seventy-seven") as raised:
        MIXED.parallel_apply(fails, axis=1)
    assert "It was called for 'row 77'." in notes_of(raised.value)
    with pytest.raises(ZeroDivisionError) as raised_by_group:
        MIXED.groupby("word").parallel_apply(lambda group: 1 // (group.name != "word 3"))
    assert "It was called for the group 'word 3'." in notes_of(raised_by_group.value)


def test_an_error_behind_values_that_are_left_out_says_for_what_it_was() -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        MIXED["half"].parallel_map(lambda half: 1 / (half - 32), na_action="ignore")
    assert "It was called for 'row 64'." in notes_of(raised.value)


def test_each_row_is_called_for_once_and_on_workers(pool: WorkerPoolExecutor) -> None:
    def worker(row: Any) -> int:
        from jupyterlite_pool import current_worker

        here = current_worker()
        assert here is not None
        return here.id

    found = NUMBERS.parallel_apply(worker, axis=1)
    assert set(found) <= set(pool.ready_workers)
    assert len(found) == len(NUMBERS)


def test_tracebacks_find_the_cell_of_the_function() -> None:
    def of_row(row: Any) -> int:
        return 1

    for task in (Lines(of_row), Values(of_row), Group(of_row)):
        assert inspect.unwrap(task) is of_row
        assert task.__name__ == "of_row"


def test_functions_with_state_and_partials() -> None:
    same(
        NUMBERS.parallel_apply(functools.partial(numpy.percentile, q=50), axis=1),
        NUMBERS.apply(functools.partial(numpy.percentile, q=50), axis=1),
    )


def test_install_gives_the_methods_and_uninstall_takes_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pandas_methods.remove_methods()
    assert not hasattr(pandas.Series, "parallel_map")
    from jupyterlite_pool.stand_ins import install as module

    monkeypatch.setattr(module, "default_workers", lambda: 7)
    jupyterlite_pool.install()
    assert not hasattr(pandas.Series, "parallel_map")
    jupyterlite_pool.install(pandas=True)
    assert pandas.Series([1, 2]).parallel_map(str).tolist() == ["1", "2"]
    jupyterlite_pool.uninstall()
    assert not hasattr(pandas.Series, "parallel_map")


def test_uninstall_leaves_the_methods_that_an_import_has_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from jupyterlite_pool.stand_ins import install as module

    monkeypatch.setattr(module, "default_workers", lambda: 7)
    sys.modules.pop("jupyterlite_pool.pandas", None)
    importlib.import_module("jupyterlite_pool.pandas")
    try:
        jupyterlite_pool.install(pandas=True)
        jupyterlite_pool.uninstall()
        assert pandas.Series([1, 2]).parallel_map(str).tolist() == ["1", "2"]
    finally:
        del sys.modules["jupyterlite_pool.pandas"]
