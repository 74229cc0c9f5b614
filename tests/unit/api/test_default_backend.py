"""Which backend a pool has by default, and what a kernel says whose Pyodide is too old."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import jupyterlite_pool
from jupyterlite_pool.api import shared
from jupyterlite_pool.api.default_backend import default_workers, make_backend
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
        "JsProxy": None,
        "can_run_sync": lambda: True,
        "create_proxy": None,
        "jsnull": object(),
        "to_js": None,
    },
    "pyodide.http": {"pyfetch": None},
}

MakeKernel = Callable[..., None]


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeKernel]:
    """Makes this Python look like a kernel with some release of Pyodide."""
    monkeypatch.setattr(shared, "_shared", None)

    def pretend(version: str, without: str = "") -> None:
        for name, attributes in NAMES.items():
            module = types.ModuleType(name)
            vars(module).update({k: v for k, v in attributes.items() if k != without})
            monkeypatch.setitem(sys.modules, name, module)
        if without != "JsProxy":
            members: dict[str, object] = {} if without == "as_py_json" else {"as_py_json": None}
            sys.modules["pyodide.ffi"].JsProxy = type("JsProxy", (), members)  # type: ignore[attr-defined]
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


@pytest.mark.parametrize(
    "call",
    [default_workers, jupyterlite_pool.install, jupyterlite_pool.WorkerPoolExecutor],
    ids=["size", "install", "executor"],
)
@pytest.mark.parametrize("without", ["JsProxy", "as_py_json"])
def test_a_pyodide_that_is_too_old_is_an_error_that_names_those_that_work(
    kernel: MakeKernel, without: str, call: Callable[[], object]
) -> None:
    kernel("0.26.4", without)
    with pytest.raises(PoolStartError) as caught:
        call()
    assert str(caught.value) == (
        "this kernel runs Pyodide 0.26.4, but jupyterlite-pool needs Pyodide 0.27 or newer: use a "
        "site built with JupyterLite 0.5 or newer."
    )


def test_a_pyodide_that_lacks_something_else_is_an_error_that_names_it(kernel: MakeKernel) -> None:
    kernel("999.0.0", "create_proxy")
    with pytest.raises(PoolStartError, match=r"runs Pyodide 999.*lacks.*'create_proxy'"):
        default_workers()


def test_a_pyodide_without_a_null_of_its_own_will_do(kernel: MakeKernel) -> None:
    kernel("0.27.7", "jsnull")
    from jupyterlite_pool.backends.pyodide.js import or_none

    assert or_none(None) is None
    assert or_none(0) == 0


def test_pool_map_then_runs_in_the_kernel_and_says_why(kernel: MakeKernel) -> None:
    kernel("0.26.4", "as_py_json")
    with pytest.warns(PoolFallbackWarning, match=r"Pyodide 0\.26\.4, .* 0\.27 or newer.* 2 items"):
        result = jupyterlite_pool.pool_map(abs, [-1, -2])
    assert list(result) == [1, 2]


def test_an_import_error_that_is_not_pyodides_stays_what_it_is(
    kernel: MakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel("314.0.6")
    monkeypatch.setitem(sys.modules, f"{BACKEND}.device", None)
    with pytest.raises(ModuleNotFoundError, match="device"):
        make_backend(None, None, ())
