"""The drawing of when and where items ran."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from jupyterlite_pool.api.timeline import COLUMNS, LABEL, WIDTH, Timeline
from jupyterlite_pool.jobs.timings import Timing

SVG = "{http://www.w3.org/2000/svg}"

TWO = [
    Timing(0, 0, 0.0, 2.0),
    Timing(1, 1, 0.0, 1.0, failed=True),
    Timing(2, 1, 2.0, 2.0),
    Timing(3, None, 1.0, 0.5),
]


def drawn(timeline: Timeline) -> ElementTree.Element:
    return ElementTree.fromstring(timeline._repr_svg_())


def failures(picture: ElementTree.Element) -> list[ElementTree.Element]:
    """The bars that are crossed out."""
    return [each for each in picture.iter(f"{SVG}g") if "data-b" in each.attrib]


def titles(timeline: Timeline) -> list[str | None]:
    return [each.text for each in drawn(timeline).iter(f"{SVG}title")][1:]


def test_it_is_the_list_of_timings_in_the_order_of_their_start() -> None:
    timeline = Timeline(reversed(TWO), "f", 4.0)
    assert [timing.start for timing in timeline] == [0.0, 0.0, 1.0, 2.0]
    assert isinstance(timeline, list)
    assert repr(pickle.loads(pickle.dumps(timeline))) == repr(timeline)


def test_it_has_a_row_for_each_worker_and_a_bar_for_each_item() -> None:
    picture = drawn(Timeline(TWO, "f", 4.0))
    words = [each.text for each in picture.iter(f"{SVG}text")]
    assert words[:3] == ["worker 0", "worker 1", "notebook"]
    assert titles(Timeline(TWO, "f", 4.0)) == [
        "item 0: 2 s",
        "item 2: 2 s",
        "item 1: failed after 1 s",
        "item 3: 0.5 s",
    ]
    bars = list(picture.iter(f"{SVG}rect"))
    lefts = [float(bar.attrib["x"]) for bar in bars]
    widths = [float(bar.attrib["width"]) for bar in bars]
    room = WIDTH - LABEL - 8
    assert lefts == [LABEL, LABEL + room / 2, LABEL, LABEL + room / 4]
    assert widths == pytest.approx([room / 2, room / 2, room / 4, room / 8], abs=0.1)
    tops = [float(bar.attrib["y"]) for bar in bars]
    assert tops[0] < tops[1] == tops[2] < tops[3]


def test_what_failed_is_told_apart_by_more_than_its_colour() -> None:
    picture = drawn(Timeline(TWO, "f", 4.0))
    [crossed] = failures(picture)
    assert crossed.attrib["fill"] == "none"
    assert crossed.find(f"{SVG}path") is not None
    assert "a crossed-out one failed" in "".join(picture.itertext())
    fine = drawn(Timeline(TWO[:1], "f", 4.0))
    assert failures(fine) == []


def test_it_takes_the_colours_of_the_page_and_needs_nothing_else() -> None:
    timeline = Timeline(TWO, "f", 4.0)
    html = timeline._repr_html_()
    assert "currentColor" in html
    assert "var(--jp-ui-font-color1" in html
    for outside in ("href", "url(", "<script", "<style", "@import"):
        assert outside not in html
    colours = re.findall(r"(?:fill|stroke)=\"([^\"]+)\"", html)
    assert {each for each in colours if not each.startswith(("var(--jp-", "currentColor"))} == {
        "none"
    }


def test_a_screen_reader_is_told_what_it_is() -> None:
    picture = drawn(Timeline(TWO, "<f>", 4.0))
    assert picture.attrib["role"] == "img"
    assert (
        picture.attrib["aria-label"]
        == "<f>: 4 items on 2 workers and in the notebook in 4 s, 1 failed"
    )


def test_text_has_it_too() -> None:
    head, first, second, third, end = repr(Timeline(TWO, "f", 4.0)).splitlines()
    assert head == "f: 4 items on 2 workers and in the notebook in 4 s, 1 failed (# runs, x failed)"
    half = COLUMNS // 2
    assert first == f"worker 0 |{'#' * (half + 1)}{' ' * (half - 1)}| 1 item"
    assert second.startswith(f"worker 1 |{'x' * (COLUMNS // 4 + 1)} ")
    assert second.endswith("#| 2 items")
    assert third.startswith("notebook |   ")
    assert end.endswith(" 4 s")
    assert len({len(line.rpartition("| ")[0]) for line in (first, second, third)}) == 1


def test_a_job_without_items_is_drawn_too() -> None:
    assert repr(Timeline([], "f", 0.0)) == "f: 0 items."
    assert titles(Timeline([], "f", 0.0)) == []


def test_many_small_items_are_drawn_as_few_bars() -> None:
    items = [Timing(i, i % 2, i * 1e-4, 2e-4, failed=i == 999) for i in range(20_000)]
    timeline = Timeline(items, "f", 2.0)
    assert len(timeline._repr_svg_()) < 500_000
    bars = list(drawn(timeline).iter(f"{SVG}rect"))
    assert 2 <= len(bars) <= 2 * WIDTH
    counted = [int(found) for found in re.findall(r"(\d+) items from", timeline._repr_svg_())]
    assert sum(counted) == 19_999
    [failed] = failures(drawn(timeline))
    [bar] = failed.iter(f"{SVG}rect")
    assert float(bar.attrib["width"]) < 5  # it does not hide the others
    assert "10000 items" in repr(timeline)


def test_long_items_that_touch_stay_apart() -> None:
    items = [Timing(i, 0, float(i), 1.0) for i in range(10)]
    assert titles(Timeline(items, "f", 10.0)) == [f"item {i}: 1 s" for i in range(10)]


@pytest.mark.parametrize(
    ("seconds", "marks"),
    [
        (4.0, ["0 s", "1 s", "2 s", "3 s", "4 s"]),
        (0.05, ["0 s", "0.01 s", "0.02 s", "0.03 s", "0.04 s", "0.05 s"]),
        (100.0, ["0 s", "20 s", "40 s", "60 s", "80 s", "100 s"]),
    ],
)
def test_the_axis_has_round_numbers(seconds: float, marks: list[str]) -> None:
    picture = drawn(Timeline([Timing(0, 0, 0.0, seconds)], "f", seconds))
    assert [each.text for each in picture.iter(f"{SVG}text")][1:-1] == marks


def test_the_clock_may_say_less_than_the_items() -> None:
    picture = drawn(Timeline([Timing(0, 0, 0.0, 3.0)], "f", 1.0))
    [bar] = picture.iter(f"{SVG}rect")
    assert float(bar.attrib["x"]) + float(bar.attrib["width"]) <= WIDTH


STOPPED = [*TWO, Timing(4, 0, 2.0, 1.5, cancelled=True)]


def test_what_was_cancelled_while_it_ran_is_hatched() -> None:
    timeline = Timeline(STOPPED, "f", 4.0)
    svg = timeline._repr_svg_()
    assert "item 4: cancelled after 1.5 s" in titles(timeline)
    [hatched] = re.findall(r'fill="url\(#([\w-]+)\)"', svg)
    assert f'<pattern id="{hatched}"' in svg
    assert "<pattern" not in Timeline(TWO, "f", 4.0)._repr_svg_()
    head, first, *_ = repr(timeline).splitlines()
    assert head.endswith("1 failed, 1 cancelled (# runs, x failed, ~ cancelled)")
    assert "~" in first


def test_it_is_saved_as_a_picture(tmp_path: Path) -> None:
    file = tmp_path / "timeline.svg"
    timeline = Timeline(TWO, "f", 4.0)
    timeline.save(file)
    assert ElementTree.fromstring(file.read_text("utf-8")).tag == f"{SVG}svg"
    # Without a theme, its colours are those that stand behind the theme's.
    assert "var(--jp-brand-color1, #1976d2)" in file.read_text("utf-8")


def test_it_is_saved_as_a_page_that_stands_alone(tmp_path: Path) -> None:
    file = tmp_path / "timeline.HTML"
    Timeline(TWO, "<f>", 4.0).save(str(file))
    page = file.read_text("utf-8")
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "<f>" not in page
    assert page.count("<script>") == 1
    assert not re.search(r"""(href|src)\s*=""", page)


def test_it_is_saved_as_trace_events(tmp_path: Path) -> None:
    file = tmp_path / "timeline.json"
    Timeline(STOPPED, "f", 4.0).save(file)
    events = json.loads(file.read_text("utf-8"))["traceEvents"]
    names = {each["tid"]: each["args"]["name"] for each in events if each["name"] == "thread_name"}
    assert names == {1: "notebook", 2: "worker 0", 3: "worker 1"}
    bars = [each for each in events if each["ph"] == "X"]
    assert len(bars) == 5
    assert bars[1] == {
        "name": "f",
        "cat": "item,failed",
        "ph": "X",
        "ts": 0,
        "dur": 1_000_000,
        "pid": 1,
        "tid": 3,
        "args": {"item": 1, "attempt": 1, "state": "failed"},
    }
    assert {each["args"]["state"] for each in bars} == {"done", "failed", "cancelled"}


def test_another_form_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    file = tmp_path / "timeline.png"
    with pytest.raises(ValueError, match=r"saved as \.svg, \.html or \.json, not as '\.png'"):
        Timeline(TWO, "f", 4.0).save(file)
    assert not file.exists()
