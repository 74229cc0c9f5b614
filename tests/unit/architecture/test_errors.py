"""The tree of errors, which code written for `concurrent.futures` relies on."""

from __future__ import annotations

import pickle
import re
from concurrent.futures import BrokenExecutor
from pathlib import Path

import pytest

from jupyterlite_pool import errors

ERRORS_TS = Path(__file__).parents[3] / "labextension" / "src" / "errors.ts"

#: Each error, and the class of the standard library that says the same.
STANDARD = {
    errors.PoolStartError: BrokenExecutor,
    errors.TerminatedWorkerError: BrokenExecutor,
    errors.TaskTimeoutError: TimeoutError,
    errors.BlockingUnavailableError: RuntimeError,
    errors.UnavailableError: ImportError,
    errors.RemoteError: Exception,
    errors.RemoteUnpicklingError: pickle.UnpicklingError,
}


@pytest.mark.parametrize("kind", STANDARD)
def test_an_error_is_the_pools_and_the_standard_librarys(kind: type[Exception]) -> None:
    assert issubclass(kind, errors.PoolError)
    assert issubclass(kind, STANDARD[kind])


@pytest.mark.parametrize("kind", [errors.PoolFallbackWarning, errors.PoolPerformanceWarning])
def test_a_warning_is_a_users_warning_and_no_error(kind: type[Warning]) -> None:
    assert issubclass(kind, UserWarning)
    assert not issubclass(kind, errors.PoolError)


def test_the_module_names_all_that_it_defines() -> None:
    defined = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and value.__module__ == errors.__name__
    ]
    assert errors.__all__ == sorted(defined)


def test_the_documented_tree_has_every_class() -> None:
    documented = set(re.findall(r"\b[A-Z]\w+(?:Error|Warning)\b", errors.__doc__ or ""))
    assert set(errors.__all__) <= documented


def test_typescript_has_no_error_of_its_own() -> None:
    names = re.findall(r"export class (\w+)", ERRORS_TS.read_text("utf-8"))
    assert names
    assert set(names) <= set(errors.__all__)


def test_typescript_errors_say_their_own_names() -> None:
    text = ERRORS_TS.read_text("utf-8")
    assert re.findall(r"export class (\w+)", text) == re.findall(r"override name = '(\w+)'", text)


def test_a_lost_worker_says_how_it_was_lost() -> None:
    error = errors.TerminatedWorkerError("gone", reason="exited", exit_status=3, started=None)
    assert str(error) == "gone"
    assert (error.reason, error.exit_status, error.started) == ("exited", 3, None)


def test_an_impossible_wait_says_what_to_write_instead() -> None:
    assert "`value = await future`" in str(errors.BlockingUnavailableError("value = await future"))
