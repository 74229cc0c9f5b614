"""The options with which the settings of the page let the shared pool start."""

from __future__ import annotations

from typing import Any

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api import shared as _shared
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.notebook.page import Page

SETTINGS = {"idleTimeout": 60, "maxWorkerMemory": 2**30, "preloadPackages": ["numpy"]}
OPTIONS = {"idle_timeout": 60.0, "max_worker_memory": 2**30, "packages": ("numpy",)}


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    mine = Page()
    monkeypatch.setattr(_shared, "page", mine)
    monkeypatch.setattr(_shared, "_shared", None)
    monkeypatch.setattr(_shared, "_growing", None)
    monkeypatch.setattr(_shared, "default_workers", lambda: 1)
    return mine


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The options of the pools that are started."""
    seen: list[dict[str, Any]] = []

    def start(max_workers: int | None = None, **options: Any) -> WorkerPoolExecutor:
        seen.append(options)
        return WorkerPoolExecutor(max_workers, backend=InProcessBackend(1), **options)

    monkeypatch.setattr(_shared, "WorkerPoolExecutor", start)
    return seen


def test_the_settings_are_the_options_of_the_shared_pool(
    page: Page, started: list[dict[str, Any]]
) -> None:
    assert page.accept_options(SETTINGS)
    executor = _shared.get_reusable_executor()
    assert started == [OPTIONS]
    page.accept_options({"idleTimeout": None})
    executor = _shared.restart_shared()
    executor.terminate_workers()
    assert started[1] == {name: OPTIONS[name] for name in ("max_worker_memory", "packages")}


def test_a_pool_that_is_started_ahead_has_them_too(
    page: Page, started: list[dict[str, Any]]
) -> None:
    assert page.accept_options(SETTINGS)
    _shared.start_ahead()
    _shared.get_reusable_executor().terminate_workers()
    assert started == [OPTIONS]


def test_where_nothing_is_set_a_pool_has_its_own_defaults(
    page: Page, started: list[dict[str, Any]]
) -> None:
    _shared.get_reusable_executor().terminate_workers()
    assert started == [{}]


def test_where_dask_limits_its_workers_the_setting_is_no_error(
    page: Page, started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert page.accept_options(SETTINGS)
    monkeypatch.setenv("JUPYTERLITE_POOL_BACKEND", "tcp://scheduler:8786")
    _shared.get_reusable_executor().terminate_workers()
    assert started == [{name: OPTIONS[name] for name in ("idle_timeout", "packages")}]
