"""Options that people bring from elsewhere: the error names ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from IPython.core.error import UsageError

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.names_of_options import (
    _OURS,
    _WHAT_TO_DO,
    OF_RETRY,
    explains_its_options,
    squeezed,
)
from jupyterlite_pool.api.pool_map import pool_map
from jupyterlite_pool.commands.magic_lines import parse_options

#: What people write, and which option of `pool_map` they mean.
MEANT = {
    "n_jobs": "max_workers",
    "processes": "max_workers",
    "workers": "max_workers",
    "nprocs": "max_workers",
    "num_cpus": "max_workers",
    "n_workers": "max_workers",
    "nb_workers": "max_workers",
    "MaxWorkers": "max_workers",
    "chunk_size": "chunksize",
    "batch_size": "chunksize",
    "desc": "label",
    "verbose": "progress",
    "progress_bar": "progress",
    "error": "return_exceptions",
    "raise_exceptions": "return_exceptions",
    "max_retries": "retries",
    "random_state": "seed",
    "star": "starmap",
    "wait": "block",
    "iterable_len": "total",
}

#: What people write, and what the error says where we have no such option.
ADVICE = {
    "leave": "the card stays",
    "ncols": "the card stays",
    "ordered": "the results have the order of the items",
    "backend": "there is one kind of worker",
    "mp_context": "there is one kind of worker",
    "fn": r"pool_map\(f, xs\)",
    "iterable": r"pool_map\(f, xs\)",
    "kwargs": "functools.partial",
    "callback": "as_completed",
    "initializer": "WorkerPoolExecutor",
    "pre_dispatch": "leave it out",
}


@pytest.mark.parametrize("name", MEANT)
def test_another_name_is_explained(pool: WorkerPoolExecutor, name: str) -> None:
    expected = rf"^pool_map\(\) has no option '{name}'; it is '{MEANT[name]}'$"
    with pytest.raises(TypeError, match=expected):
        pool_map(abs, [-1], **{name: 1})  # type: ignore[arg-type]
    assert pool._pool.dispatcher.jobs() == []


@pytest.mark.parametrize("name", ADVICE)
def test_an_option_that_we_lack_is_answered_with_advice(
    pool: WorkerPoolExecutor, name: str
) -> None:
    with pytest.raises(TypeError, match=rf"has no option '{name}': .*{ADVICE[name]}"):
        pool_map(abs, [-1], **{name: 1})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "close"), [("retrys", "retries"), ("lable", "label"), ("timout", "timeout")]
)
def test_a_misspelling_is_recognized(name: str, close: str) -> None:
    with pytest.raises(TypeError, match=rf"has no option '{name}'; did you mean '{close}'\?$"):
        pool_map(abs, [-1], **{name: 1})  # type: ignore[arg-type]


def test_an_option_that_means_nothing_is_answered_with_all_that_there_are() -> None:
    with pytest.raises(TypeError, match=r"'zzz'. Its options are block, chunksize, .*, total$"):
        pool_map(abs, [-1], zzz=1)  # type: ignore[call-arg]


def test_items_by_name_are_explained_though_there_are_no_others() -> None:
    call: Any = pool_map
    with pytest.raises(TypeError, match=r"has no option 'func': .* `pool_map\(f, xs\)`"):
        call(func=abs, iterable=[1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: WorkerPoolExecutor(n_jobs=2),  # type: ignore[call-arg]
            r"^WorkerPoolExecutor\(\) has no option 'n_jobs'; it is 'max_workers'$",
        ),
        (
            lambda: WorkerPoolExecutor(maxtasksperchild=2),  # type: ignore[call-arg]
            r"'maxtasksperchild'; it is 'max_tasks_per_child'$",
        ),
    ],
)
def test_executors_explain_theirs(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_the_map_of_an_executor_explains_its_own(pool: WorkerPoolExecutor) -> None:
    expected = r"^WorkerPoolExecutor.map\(\) has no option 'chunk_size'; it is 'chunksize'$"
    with pytest.raises(TypeError, match=expected):
        pool.map(abs, [1], chunk_size=2)  # type: ignore[call-arg]


def test_a_retry_explains_its_own(pool: WorkerPoolExecutor) -> None:
    result = pool_map(lambda x: 1 / x, [0], return_exceptions=True, progress=False)
    expected = r"^retry_failed\(\) has no option 'n_jobs'; it is 'max_workers'$"
    with pytest.raises(TypeError, match=expected):
        result.retry_failed(n_jobs=2)
    with pytest.raises(TypeError, match=r"^retry_failed\(\) has no option 'strict'"):
        result.retry_failed(strict=True)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--n-jobs 2 f xs", "has no option --n-jobs; it is --workers"),
        ("--max-workers 2 f xs", "has no option --max-workers; it is --workers"),
        ("--desc d f xs", "has no option --desc; it is --label"),
        ("--chunk-size 3 f xs", "has no option --chunk-size; it is --chunksize"),
        ("--leave f xs", "has no option --leave: the card stays"),
        ("--retrys 3 f xs", r"has no option --retrys; did you mean --retries\?"),
        ("--nothing f xs", "has no option --nothing. Expected:"),
    ],
)
def test_magics_explain_theirs(line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_options(line)


def test_the_options_of_a_retry_are_those_of_pool_map() -> None:
    parameters = inspect.signature(pool_map).parameters.values()
    options = {each.name for each in parameters if each.kind is each.KEYWORD_ONLY}
    assert options - set(OF_RETRY) == {"strict", "starmap", "total"}
    assert set(OF_RETRY) <= options


def test_every_name_is_written_as_it_is_looked_up() -> None:
    options = {
        name
        for function in (pool_map, WorkerPoolExecutor, WorkerPoolExecutor.map)
        for name in inspect.signature(function).parameters
    }
    assert set(_OURS.values()) <= options
    for name in (*_OURS, *_WHAT_TO_DO):
        assert squeezed(name) == name
        assert name not in map(squeezed, options) or name in _WHAT_TO_DO


def test_a_function_that_explains_its_options_is_otherwise_itself() -> None:
    @explains_its_options
    def add(a: int, /, b: int = 2, *, c: int = 3) -> int:
        """Add."""
        return a + b + c

    assert add(1) == 6
    assert add(1, b=5, c=0) == 6
    assert (add.__name__, add.__doc__) == ("add", "Add.")
    assert list(inspect.signature(add).parameters) == ["a", "b", "c"]
