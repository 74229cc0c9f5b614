"""The pool in an ordinary JupyterLab: seen and used as in JupyterLite, on this machine's cores."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.jupyterlab.conftest import Lab, OpenLab
from tests.support.lab import OLDER_NAME
from tests.support.notebook import Notebook
from tests.support.panel import Panel, choose_in_palette, status_item

# States of pools are waited for, which other tests beside these delay.
pytestmark = [pytest.mark.alone, pytest.mark.timeout(240)]

#: Tasks that end when the test opens their gate, which is a file beside the notebook.
START = """
import json, os, time
from jupyterlite_pool import get_reusable_executor, last_result, pool_map

def wait(gate):
    while not os.path.exists(gate):
        time.sleep(0.01)
    return gate

def fails(n):
    print(f"item {n}")
    if n == 3:
        raise ValueError(f"no value for {n}")
    return n
"""


@pytest.fixture(scope="module")
def problems() -> list[str]:
    """What goes wrong in the page."""
    return []


@pytest.fixture(scope="module")
def page(open_lab: OpenLab, problems: list[str]) -> Page:
    return open_lab(problems)


@pytest.fixture(scope="module", params=["python3", OLDER_NAME])
def notebook(page: Page, request: pytest.FixtureRequest) -> Notebook:
    notebook = Notebook(page, request.param)
    notebook.run(START)
    return notebook


def open_gate(lab: Lab, name: str) -> None:
    (lab.notebooks / name).touch()


def test_a_card_cancels_its_job_while_the_cell_waits(lab: Lab, notebook: Notebook) -> None:
    open_gate(lab, "open")
    notebook.start("pool_map(wait, ['open', 'open', *['shut'] * 4], chunksize=1, label='waits')")
    card = notebook.last_card
    expect(card).to_contain_text("2 of 6")
    card.get_by_role("button", name="Cancel").click()
    notebook.finish()
    assert notebook.error() == "KeyboardInterrupt"
    expect(card).to_contain_text("cancelled")
    assert notebook.value("last_result().values") == ["open", "open", None, None, None, None]
