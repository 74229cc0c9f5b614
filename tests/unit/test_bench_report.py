"""The arithmetic of the benchmarks' report."""

from __future__ import annotations

import pytest

from benchmarks.busy import best_schedule
from benchmarks.report import HEAD, Row, Series, Skipped, Target, between_marks
from benchmarks.stage import take_turns


def row(this: float, target: Target | None) -> Row:
    return Row(1, Series("this", "s", [this]), Series("other", "s", [2.0]), target)


def test_few_repetitions_spread_from_the_least_to_the_greatest() -> None:
    assert Series("few", "s", [3.0, 1.0, 2.0]).spread == (1.0, 3.0)


def test_many_repetitions_spread_between_percentiles() -> None:
    assert Series("many", "s", range(101)).spread == (5.0, 95.0)


def test_the_ratio_is_that_of_the_medians() -> None:
    one = Row(1, Series("a", "s", [1.0, 2.0, 90.0]), Series("b", "s", [4.0, 3.0, 5.0]))
    assert one.ratio == 0.5


@pytest.mark.parametrize(
    ("this", "target", "verdict"),
    [
        (2.2, Target(1.1), "met"),
        (2.3, Target(1.1), "missed"),
        (1.9, Target(0.95, at_least=True), "met"),
        (1.8, Target(0.95, at_least=True), "missed"),
        (9.9, None, "reported"),
    ],
)
def test_a_row_says_whether_its_target_is_met(
    this: float, target: Target | None, verdict: str
) -> None:
    assert row(this, target).verdict == verdict
    assert row(this, target).as_markdown().endswith(f"| {verdict} |")


def test_every_line_has_as_many_cells_as_the_head() -> None:
    lines = [row(1.0, Target(1.0)).as_markdown(), Skipped(3, "a | b").as_markdown()]
    cells = {line.replace("\\|", "").count("|") for line in [*lines, *HEAD.splitlines()]}
    assert len(cells) == 1


def test_a_table_takes_the_place_of_the_one_before() -> None:
    begin, end = "<!-- bench: begin -->", "<!-- bench: end -->"
    document = f"above\n{begin}\nold\n{end}\nbelow\n"
    assert between_marks(document, "new\n") == f"above\n{begin}\n\nnew\n\n{end}\nbelow\n"


def test_a_document_without_marks_is_not_written() -> None:
    with pytest.raises(ValueError, match="has no"):
        between_marks("<!-- bench: begin --> alone", "new")


def test_each_measurement_goes_first_as_often_as_the_others() -> None:
    order: list[str] = []

    def measure(name: str) -> float:
        order.append(name)
        return float(len(order))

    taken = take_turns(2, lambda: measure("a"), lambda: measure("b"))
    assert order == ["a", "b", "b", "a"]
    assert taken == [[1.0, 4.0], [2.0, 3.0]]


def test_no_schedule_beats_the_average_worker_or_the_longest_item() -> None:
    assert best_schedule([1.0, 1.0, 2.0], 2) == 2.0
    assert best_schedule([1.0, 1.0, 4.0], 2) == 4.0
    assert best_schedule([3.0] * 4, 3) == 4.0
