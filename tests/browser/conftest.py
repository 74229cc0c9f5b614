"""What tests of the built site share."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.conftest import lend, new_context
from tests.support.isolated import isolated_page
from tests.support.kernel import Kernel
from tests.support.stock import Stock


@pytest.fixture(scope="session")
def isolated_site(serve: Callable[..., str], site_folder: Path) -> str:
    """The URL of the site, served so that its pages may share memory with their workers."""
    return serve(site_folder, isolated=True)


@pytest.fixture(scope="session")
def isolated_stock(browser: Browser, isolated_site: str) -> Iterator[Stock]:
    """Kernels on such pages, which no labextension has told anything."""
    stock = Stock(lambda: isolated_page(new_context(browser).new_page(), isolated_site))
    yield stock
    stock.close()


@pytest.fixture
def isolated_kernel(isolated_stock: Stock, request: pytest.FixtureRequest) -> Iterator[Kernel]:
    """A kernel on such a page that this test has to itself."""
    yield from lend(isolated_stock, request)


@pytest.fixture
def changed_site(
    serve: Callable[..., str], site_folder: Path, tmp_path: Path
) -> Callable[..., str]:
    """Serves a copy of the site with another configuration; returns its URL."""

    def change(edit: Callable[[dict[str, Any]], None]) -> str:
        folder = tmp_path / "site"
        shutil.copytree(site_folder, folder, copy_function=os.link)
        file = folder / "jupyter-lite.json"
        about = json.loads(file.read_text("utf-8"))
        edit(about["jupyter-config-data"])
        file.unlink()  # it is the one file of both sites
        file.write_text(json.dumps(about), "utf-8")
        return serve(folder)

    return change
