"""The table of releases and browsers counts the tests that there are."""

from __future__ import annotations

import pytest

from tests.releases.table import DOCUMENT, MARKS, PLACES, collected, table


@pytest.mark.timeout(120)
def test_the_page_claims_no_more_tests_than_there_are() -> None:
    page = DOCUMENT.read_text("utf-8")
    claimed = page.partition(f"<!-- {MARKS}: begin -->")[2].partition(f"<!-- {MARKS}: end -->")[0]
    known = dict(zip(places(claimed), numbers(claimed), strict=True))
    today = table(collected())
    assert known.keys() == set(places(today)), "run `python -m tests.releases.table --write-docs`"
    for place, counts in zip(places(today), numbers(today), strict=True):
        assert all(map(int.__le__, known[place], counts)), place


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.strip().splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def places(text: str) -> list[tuple[str, ...]]:
    return [tuple(row[:3]) for row in rows(text)]


def numbers(text: str) -> list[list[int]]:
    return [[0 if cell == "–" else int(cell) for cell in row[3:]] for row in rows(text)]


def test_each_test_counts_for_what_its_name_says() -> None:
    names = [
        "tests/other_browsers/test_firefox.py::test_a_task_reads_what_the_notebook_wrote",
        "tests/releases/test_cores.py::test_the_contract_is_kept[0.28.3-contract_x]",
        "tests/browser/commands/test_interrupt.py::test_one",
        "tests/browser/commands/test_interrupt.py::test_two",
    ]
    lines = table(names).splitlines()[2:]
    assert len(lines) == len(PLACES)
    assert "| 0.28 | none | Chromium | 1 | – | – | – | – | 1 |" in lines
    assert "| 314 | JupyterLite 0.8, ours | Firefox | – | 1 | – | – | – | 1 |" in lines
    assert "| 314 | JupyterLite 0.8, ours | Chromium | – | – | – | 2 | – | 2 |" in lines
