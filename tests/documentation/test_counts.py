"""The table of releases and browsers counts the tests that there are."""

from __future__ import annotations

import pytest

from tests.releases.table import DOCUMENT, PLACES, collected, table


@pytest.mark.timeout(120)
def test_the_page_has_the_counts_of_today() -> None:
    counts = table(collected())
    assert counts in DOCUMENT.read_text("utf-8"), (
        "run `python -m tests.releases.table --write-docs`"
    )


def test_each_test_counts_for_what_its_name_says() -> None:
    names = [
        "tests/engines/test_firefox.py::test_a_task_reads_what_the_notebook_wrote",
        "tests/releases/test_cores.py::test_the_contract_is_kept[0.28.3-contract_x]",
        "tests/browser/commands/test_interrupt.py::test_one",
        "tests/browser/commands/test_interrupt.py::test_two",
    ]
    rows = table(names).splitlines()[2:]
    assert len(rows) == len(PLACES)
    assert "| 0.28 | none | Chromium | 1 | – | – | – | – | 1 |" in rows
    assert "| 314 | JupyterLite 0.8, ours | Firefox | – | 1 | – | – | – | 1 |" in rows
    assert "| 314 | JupyterLite 0.8, ours | Chromium | – | – | – | 2 | – | 2 |" in rows
