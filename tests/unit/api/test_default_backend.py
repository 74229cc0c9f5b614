"""Which backend a pool has by default, and what a kernel says whose Pyodide is too old."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jupyterlite_pyodide_kernel.constants import PYODIDE_VERSION

import jupyterlite_pool
from jupyterlite_pool.api import shared
from jupyterlite_pool.api.default_backend import (
    OLDEST_PYODIDE,
    default_workers,
    make_backend,
)
from jupyterlite_pool.errors import PoolFallbackWarning, PoolStartError

BACKEND = "jupyterlite_pool.backends.pyodide"

#: What the backend imports of Pyodide.
NAMES: dict[str, dict[str, Any]] = {
    "js": {},
    "pyodide_js": {},
    "pyodide": {"__path__": []},
    "pyodide.code": {"run_js": None},
    "pyodide.ffi": {
        "JsException": Exception,
        "can_run_sync": lambda: True,
        "create_proxy": None,
        "jsnull": object(),
        "to_js": None,
    },
    "pyodide.http": {"pyfetch": None},
}

Browser = Callable[..., None]


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """Makes this Python look like a kernel with some release of Pyodide."""
    monkeypatch.setattr(shared, "_shared", None)

    def pretend(version: str, without: str = "") -> None:
        for name, attributes in NAMES.items():
            module = types.ModuleType(name)
            vars(module).update({k: v for k, v in attributes.items() if k != without})
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(sys.modules["pyodide"], "__version__", version, raising=False)
        monkeypatch.setattr(sys, "platform", "emscripten")

    yield pretend
    # The backend was imported over modules that are about to go.
    for name in [name for name in sys.modules if name.startswith(f"{BACKEND}.")]:
        del sys.modules[name]


def test_there_are_no_workers_outside_of_a_browser() -> None:
    for call in (default_workers, lambda: make_backend("pyodide", None, ())):
        with pytest.raises(PoolStartError, match="outside of a browser"):
            call()


def test_the_release_that_is_named_is_the_one_that_sites_are_built_with() -> None:
    assert PYODIDE_VERSION.startswith(f"{OLDEST_PYODIDE}.")


@pytest.mark.parametrize(
    ("version", "without"),
    [("0.27.7", "jsnull"), ("0.29.0", ""), ("999.0.0", "jsnull")],
    ids=["a name is missing", "nothing is missing", "a later release lacks a name"],
)
@pytest.mark.parametrize(
    "call",
    [default_workers, jupyterlite_pool.install, jupyterlite_pool.WorkerPoolExecutor],
    ids=["size", "install", "executor"],
)
def test_a_pyodide_without_a_pool_is_an_error_that_names_the_releases(
    browser: Browser, version: str, without: str, call: Callable[[], object]
) -> None:
    browser(version, without)
    with pytest.raises(PoolStartError) as caught:
        call()
    assert str(caught.value) == (
        f"this kernel runs Pyodide {version}, but jupyterlite-pool works on Pyodide 314 alone: "
        "use a site built with JupyterLite 0.8 and jupyterlite-pyodide-kernel 0.8"
    )
    assert isinstance(caught.value.__cause__, ImportError if without else type(None))


def test_pool_map_then_runs_in_the_kernel_and_says_why(browser: Browser) -> None:
    browser("0.27.7", "jsnull")
    with pytest.warns(PoolFallbackWarning, match=r"Pyodide 0\.27\.7, .* Pyodide 314 .* 2 items"):
        result = jupyterlite_pool.pool_map(abs, [-1, -2])
    assert list(result) == [1, 2]


def test_an_import_error_that_is_not_pyodides_stays_what_it_is(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser("314.0.6")
    monkeypatch.setitem(sys.modules, f"{BACKEND}.device", None)
    with pytest.raises(ModuleNotFoundError, match="device"):
        make_backend(None, None, ())
