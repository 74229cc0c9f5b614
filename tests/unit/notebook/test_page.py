"""What a kernel takes over of what the page says."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from jupyterlite_pool.notebook.page import ATTRIBUTE, NAMES, OPTIONS, Page

LABEXTENSION = Path(__file__).parents[3] / "labextension"

GOOD = {"prewarm": True, "maxWorkers": 3.0, "progressAfter": 2, "widgets": True}


def test_settings_are_taken_over() -> None:
    page = Page()
    assert page.accept(GOOD)
    assert page == Page(present=True, prewarm=True, max_workers=3, progress_after=2.0, widgets=True)
    assert isinstance(page.max_workers, int)
    assert page.accept({**GOOD, "maxWorkers": None})
    assert page.max_workers is None


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "settings",
        {},
        {**GOOD, "more": 1},
        {**GOOD, "prewarm": 1},
        {**GOOD, "maxWorkers": 0},
        {**GOOD, "maxWorkers": 1.5},
        {**GOOD, "maxWorkers": True},
        {**GOOD, "progressAfter": -1},
        {**GOOD, "progressAfter": float("nan")},
        {**GOOD, "progressAfter": "1"},
        {**GOOD, "progressAfter": False},
        {**GOOD, "widgets": None},
    ],
)
def test_settings_that_are_not_as_described_change_nothing(bad: object) -> None:
    page = Page()
    assert not page.accept(bad)
    assert page == Page()


def test_the_schema_describes_what_the_labextension_reads() -> None:
    schema = json.loads((LABEXTENSION / "schema" / "plugin.json").read_text("utf-8"))
    source = (LABEXTENSION / "src" / "plugin" / "settings.ts").read_text("utf-8")
    written = re.search(r"DEFAULTS: PoolSettings = \{(.*?)\};", source, re.DOTALL)
    assert written is not None
    values = written[1].replace("'", '"')
    defaults = dict(re.findall(r'(\w+): ([\w."\[\]]+)', values))
    described = {name: about["default"] for name, about in schema["properties"].items()}
    assert {name: json.loads(value) for name, value in defaults.items()} == described
    abilities = {"widgets", "cards"}  # of the page: nobody sets them
    assert {*NAMES, *OPTIONS} - abilities < set(described)
    settings = {name: described[name] for name in OPTIONS if name not in abilities}
    assert Page().accept_options(settings)
    for about in schema["properties"].values():
        assert about["title"]
        assert about["description"].endswith(".")


OTHERS = {
    "idleTimeout": 60,
    "maxWorkerMemory": 2.0**30,
    "preloadPackages": ["numpy"],
    "streamOutput": False,
    "outputLimitLines": 10,
    "cards": True,
}


def test_further_settings_are_taken_over() -> None:
    page = Page()
    assert page.accept_options(OTHERS)
    assert (page.idle_timeout, page.max_worker_memory) == (60.0, 2**30)
    assert isinstance(page.max_worker_memory, int)
    assert (page.preload_packages, page.stream_output) == (("numpy",), False)
    assert page.output_limit_lines == 10
    # A page of another version knows fewer of them, or more.
    assert page.accept_options({"idleTimeout": None, "colour": "red"})
    assert (page.idle_timeout, page.output_limit_lines) == (None, 10)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "options",
        {"idleTimeout": 0},
        {"idleTimeout": True},
        {"idleTimeout": float("inf")},
        {"maxWorkerMemory": 0.5},
        {"maxWorkerMemory": -1},
        {"preloadPackages": "numpy"},
        {"preloadPackages": [1]},
        {"streamOutput": 1},
        {"outputLimitLines": 0},
        {"outputLimitLines": None},
    ],
)
def test_further_settings_that_are_not_valid_change_nothing(bad: object) -> None:
    page = Page()
    both = {**OTHERS, **bad} if isinstance(bad, dict) else bad
    assert not page.accept_options(both)
    assert page == Page()


def test_an_ordinary_kernel_finds_what_the_page_has_left_in_its_shell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shell = SimpleNamespace()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    page = Page()
    page.read()
    assert not page.present
    shell.jupyterlite_pool_page = (json.dumps(GOOD), json.dumps({"outputLimitLines": 7}))
    page.read()
    assert (page.present, page.max_workers, page.output_limit_lines) == (True, 3, 7)
    source = (LABEXTENSION / "src" / "plugin" / "kernels" / "labHost.ts").read_text("utf-8")
    assert f"get_ipython().{ATTRIBUTE} = (" in source
