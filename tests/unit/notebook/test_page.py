"""What a kernel takes over of what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from jupyterlite_pool.notebook.page import NAMES, Page

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
    defaults = dict(re.findall(r'(\w+): ([\w."]+)', values))
    described = {name: about["default"] for name, about in schema["properties"].items()}
    assert {name: json.loads(value) for name, value in defaults.items()} == described
    assert set(NAMES) - {"widgets"} < set(described)
    for about in schema["properties"].values():
        assert about["title"]
        assert about["description"].endswith(".")
