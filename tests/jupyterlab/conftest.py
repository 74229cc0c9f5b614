"""A real `jupyter lab`, as people have it who install the wheel beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.conftest import ROOT, Pages
from tests.support.lab import Environment, UnavailableError, server


@pytest.fixture(scope="session")
def environment() -> Environment:
    """An environment with JupyterLab and the wheel."""
    found = list((ROOT / "dist").glob("*.whl"))
    if len(found) != 1:
        pytest.fail("there is no wheel: run `make build/.wheel`", pytrace=False)
    environment = Environment(ROOT / "build" / "jupyterlab")
    try:
        environment.make(found[0], "local,dask")
    except UnavailableError as error:
        pytest.skip(str(error))
    return environment


class Lab:
    """A server."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        #: Where its notebooks are, and where they run.
        self.notebooks = folder / "notebooks"


@pytest.fixture(scope="session")
def lab(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab that all tests share."""
    folder = tmp_path_factory.mktemp("lab")
    with server(environment, folder) as url:
        yield Lab(url, folder)


#: Opens the page, and notes in a list what goes wrong in it.
OpenLab = Callable[[list[str]], Page]


@pytest.fixture(scope="module")
def open_lab(lab: Lab, module_pages: Pages) -> OpenLab:
    """Opens JupyterLab in a browser."""

    def start(problems: list[str]) -> Page:
        page = module_pages.open()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda said: problems.append(said.text) if said.type == "error" else None,
        )
        page.goto(lab.url)
        return page

    return start
