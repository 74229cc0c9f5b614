"""The arithmetic of the benchmarks' report."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import between, plots, results
from benchmarks.busy import best_schedule
from benchmarks.loaded import table_of_sizes
from benchmarks.report import (
    HEAD,
    Ceiling,
    Curve,
    Floor,
    Measured,
    Row,
    Series,
    Skipped,
    Target,
    between_marks,
)
from benchmarks.stage import take_turns

#: The table of a document is between these marks.
MARKS = ("<!-- bench: begin -->", "<!-- bench: end -->")


def row(this: float, target: Target | Floor | None) -> Row:
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
    lines = [
        row(1.0, Target(1.0)).as_markdown(),
        Skipped(3, "a | b").as_markdown(),
        curve(19, "workers").as_markdown(),
    ]
    cells = {line.replace("\\|", "").count("|") for line in [*lines, *HEAD.splitlines()]}
    assert len(cells) == 1


def test_a_table_takes_the_place_of_the_one_before() -> None:
    begin, end = MARKS
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


@pytest.mark.parametrize(("worst", "verdict"), [(50.0, "met"), (51.0, "missed")])
def test_no_repetition_may_exceed_a_ceiling(worst: float, verdict: str) -> None:
    this = Series("this", "ms", [0.0, worst, 0.0])
    ceiling = Row(1, this, Series("other", "ms", [0.0]), Ceiling(50, "ms"))
    assert ceiling.ratio is None
    assert ceiling.verdict == verdict
    assert ceiling.as_markdown().endswith(f"| each ≤ 50 ms |  | {verdict} |")


def test_a_ratio_to_nothing_meets_no_target() -> None:
    nothing = Series("other", "s", [0.0])
    assert Row(1, Series("this", "s", [1.0]), nothing, Target(2.0)).verdict == "missed"


def curve(number: int, along: str) -> Curve:
    points = [(at, Series("grows", "s", [at / 10, at / 8, at / 9])) for at in (1, 2, 4)]
    return Curve(number, "grows", along, points)


def test_a_curve_shows_both_of_its_ends() -> None:
    assert "1 workers: 0.111 … 4 workers: 0.444" in curve(19, "workers").as_markdown()


def test_drawings_have_colours_for_light_and_for_dark_pages(tmp_path: Path) -> None:
    rows = [curve(19, "workers"), curve(20, "bytes"), curve(20, "bytes"), curve(20, "bytes")]
    plots.draw({"rows": [row.as_json() for row in rows]}, tmp_path)
    for name in plots.FILES.values():
        text = (tmp_path / name).read_text("utf-8")
        assert "prefers-color-scheme:dark" in text
        for placeholder, (variable, light, dark) in plots.COLOURS.items():
            assert placeholder not in text
            assert f"--{variable}:{light}" in text
            assert f"--{variable}:{dark}" in text
            if variable in ("ink", "first"):
                assert f"var(--{variable})" in text


def finished_run(folder: Path, *, quick: bool = False) -> None:
    about = {"cores": 2, "chromium": "1", "python": "3", "seconds": 9, "quick": quick}
    rows: list[Measured] = [
        row(1.0, Target(1.0)),
        Skipped(7, "there is none"),
        curve(19, "workers"),
    ]
    results.write(rows, about, folder)
    (folder / "docs" / "images").mkdir(parents=True)
    page = folder / "docs" / "performance.md"
    page.write_text(f"above\n{MARKS[0]}\nold\n{MARKS[1]}\nbelow\n", "utf-8")


def test_a_run_goes_into_the_page(tmp_path: Path) -> None:
    finished_run(tmp_path)
    results.write_docs({1, 7, 19}, tmp_path, tmp_path)
    whole = (tmp_path / "docs" / "performance.md").read_text("utf-8")
    assert "| 1 | this" in whole
    assert "| 7 | there is none" in whole
    assert "](images/growth-workers.svg)" in whole
    assert (tmp_path / "docs" / "images" / "growth-workers.svg").exists()


@pytest.mark.parametrize(("quick", "every"), [(True, {1, 7, 19}), (False, {1, 2, 7, 19})])
def test_a_run_of_less_does_not(tmp_path: Path, quick: bool, every: set[int]) -> None:
    finished_run(tmp_path, quick=quick)
    with pytest.raises(ValueError, match="make bench"):
        results.write_docs(every, tmp_path, tmp_path)
    assert "old" in (tmp_path / "docs" / "performance.md").read_text("utf-8")


def test_a_median_can_have_to_reach_a_limit() -> None:
    assert row(600.0, Floor(600, "tasks/s")).verdict == "met"
    assert row(599.0, Floor(600, "tasks/s")).verdict == "missed"
    assert str(Floor(600_000, "tasks/s")) == "≥ 600,000 tasks/s"


def test_a_row_that_misses_its_target_says_what_stands_between(tmp_path: Path) -> None:
    missed, met = row(4.0, Target(1.0)), row(1.0, Target(1.0))
    rows: list[Measured] = [missed, met, Skipped(1, "there is none"), row(4.0, None)]
    [line] = between.explanations([each.as_json() for each in rows])
    assert line == f"- Row 1, this: {between.REASONS[1]}."
    about = {"cores": 2, "chromium": "1", "python": "3", "seconds": 9, "quick": False}
    assert line in results.write([missed], about, tmp_path)
    assert line in (tmp_path / "bench.md").read_text("utf-8")


def test_the_table_of_workers_has_a_row_where_the_browser_does_not_tell() -> None:
    two, *_, unknown = table_of_sizes().splitlines()[2:]
    assert two == "| 2 GB | 2 | 4 | 4 |"
    assert unknown == "| not told (Firefox, Safari) | 2 | 4 | 8 |"


def test_a_run_of_some_rows_can_keep_the_others(tmp_path: Path) -> None:
    finished_run(tmp_path)
    about = {"cores": 2, "chromium": "1", "python": "3", "seconds": 9, "quick": False}
    kept = results.kept_rows({7}, about, tmp_path)
    again = Row(7, Series("there is one", "s", [1.0]), Series("other", "s", [2.0]))
    results.write([again], about, tmp_path, kept=kept)
    results.write_docs({1, 7, 19}, tmp_path, tmp_path)
    whole = (tmp_path / "docs" / "performance.md").read_text("utf-8")
    assert whole.index("| 1 | this") < whole.index("| 7 | there is one") < whole.index("| 19 |")
    assert "there is none" not in whole
    with pytest.raises(ValueError, match="no earlier run"):
        results.kept_rows({7}, {**about, "chromium": "2"}, tmp_path)
