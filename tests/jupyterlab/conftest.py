"""A real `jupyter lab`, as people have it who install the wheel beside it."""

from __future__ import annotations

import secrets
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


#: Source of a task that ends when the test opens its gate, which is a file beside the notebook.
WAIT = """
import os, time

def wait(gate):
    while not os.path.exists(gate):
        time.sleep(0.01)
    return gate
"""


class Lab:
    """A server."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        #: Where its notebooks are, and where they run.
        self.notebooks = folder / "notebooks"

    def new_url(self) -> str:
        """The URL of a page on which nothing is open yet; it can be loaded again as it is then."""
        return self._url.replace("/lab?", f"/lab/workspaces/{secrets.token_hex(4)}?")

    def open_gate(self, name: str) -> None:
        """Let tasks go on that wait for a file of this name."""
        (self.notebooks / name).touch()


@pytest.fixture(scope="session")
def lab(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab that all tests share."""
    folder = tmp_path_factory.mktemp("lab")
    with server(environment, folder) as url:
        yield Lab(url, folder)


#: Opens the page, and notes in two lists what goes wrong in it and what it asks for.
OpenLab = Callable[[list[str], list[str]], Page]


@pytest.fixture(scope="module")
def open_lab(lab: Lab, module_pages: Pages) -> OpenLab:
    """Opens JupyterLab in a browser."""

    def start(problems: list[str], asked: list[str]) -> Page:
        page = module_pages.open()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda said: problems.append(said.text) if said.type == "error" else None,
        )
        page.on("request", lambda request: asked.append(request.url))
        page.goto(lab.new_url())
        return page

    return start
