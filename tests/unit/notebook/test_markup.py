"""The card as HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from jupyterlite_pool.jobs.insights import Insights
from jupyterlite_pool.notebook.details import LISTED, PRINTED, Details, Failure, last_printed
from jupyterlite_pool.notebook.markup import card_html, details_html, live_html, saved_html
from jupyterlite_pool.notebook.progress import ENDED, Progress


class Tags(HTMLParser):
    """The tags of a card with their attributes, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def bar(self) -> dict[str, str | None]:
        [bar] = [attrs for _, attrs in self.tags if attrs.get("role") == "progressbar"]
        return bar

    def segments(self) -> list[str | None]:
        return [attrs["title"] for _, attrs in self.tags if "title" in attrs]


def progress(**fields: Any) -> Progress:
    return Progress("f", "running", 50, 2, 3, 5, 100, 10.0, 10.0)._replace(**fields)


def test_a_label_is_text_and_no_html() -> None:
    label = "<script>\"x\" & 'y'</script>"
    tags = Tags(card_html(progress(label=label)))
    assert "script" not in [tag for tag, _ in tags.tags]
    assert tags.bar()["aria-label"] == label
    assert tags.words.startswith(label)


def test_a_screen_reader_is_told_what_is_seen() -> None:
    tags = Tags(card_html(progress()))
    bar = tags.bar()
    assert bar["aria-label"] == "f"
    assert (bar["aria-valuemin"], bar["aria-valuenow"], bar["aria-valuemax"]) == ("0", "58", "100")
    assert bar["aria-valuetext"] == progress().text()
    assert progress().text() in tags.words


def test_the_bar_has_four_segments() -> None:
    html = card_html(progress())
    assert Tags(html).segments() == ["50 done", "2 running", "3 failed", "5 cancelled"]
    for width in ("50.00%", "2.00%", "3.00%", "5.00%"):
        assert f"width:{width}" in html


def test_a_segment_without_items_is_not_drawn() -> None:
    assert Tags(card_html(progress(running=0, failed=0, cancelled=0))).segments() == ["50 done"]
    assert Tags(card_html(progress(done=0, running=0, failed=0, cancelled=0))).segments() == []


@pytest.mark.parametrize(
    "phase",
    [*sorted(ENDED), "warming", "preparing", "waiting", "running", "collecting", "stopping"],
)
def test_every_phase_has_words_and_a_sign(phase: str) -> None:
    now = progress(phase=phase, failed=0)
    assert f"{now.sign} {now.words}" in Tags(live_html(now)).words


def test_a_job_with_failures_does_not_look_like_success() -> None:
    assert "⚠ done, with failures" in Tags(card_html(progress(phase="done", failed=1))).words
    assert "✓ done" in Tags(card_html(progress(phase="done", failed=0))).words


def test_a_job_of_unknown_size_that_has_ended_has_a_whole_bar() -> None:
    tags = Tags(card_html(progress(total=None, phase="done", running=0, cancelled=0)))
    assert tags.bar()["aria-valuemax"] == "53"
    assert tags.segments() == ["50 done", "3 failed"]


def test_a_card_that_may_be_read_later_says_when_it_was_so() -> None:
    assert re.search(r"running at \d\d:\d\d:\d\d", Tags(card_html(progress())).words)
    assert " at " not in Tags(live_html(progress())).words
    assert " at " not in Tags(card_html(progress(phase="failed"))).words


def test_a_bar_of_unknown_size_is_not_filled() -> None:
    tags = Tags(card_html(progress(total=None)))
    assert "aria-valuenow" not in tags.bar()
    assert "aria-valuemax" not in tags.bar()
    assert tags.segments() == []
    assert "50 so far" in tags.words


def test_a_saved_card_does_not_say_that_it_runs() -> None:
    words = Tags(saved_html(progress(), Details())).words
    assert "■ stopped: the kernel is gone" in words
    assert "running" not in words
    assert "50/100" in words
    assert "✓ done" in Tags(saved_html(progress(phase="done", failed=0), Details())).words


def test_details_are_folded_away() -> None:
    details = Details(
        failures=(Failure(5, "'<x>'", "ValueError: five"),),
        printed={4: "four <b>\n"},
        insights=Insights(3, 2, 1.5, 0.86, [(2, 1.0), (0, 0.5)]),
    )
    html = card_html(progress(phase="done"), details)
    words = Tags(html).words
    assert html.index("<details>") < html.index("five") < html.index("</details>")
    for text in ("the first is item 0", "5'<x>'ValueError: five", "item 4:four <b>\n"):
        assert text in words
    assert "3 items ran on 2 workers in 1.5 s, and they were busy 86% of that time." in words
    assert "<details>" not in card_html(progress(phase="done"))


def test_workers_and_what_they_run_are_shown_while_the_card_is_current() -> None:
    details = Details(workers={0: None, 3: 1234})
    words = Tags(details_html(details)).words
    assert "worker 0: idle" in words
    assert "worker 3: item 1,234" in words
    assert "worker" not in saved_html(progress(), details)
    assert "nothing to tell" in Tags(details_html(Details())).words


def test_only_the_last_output_is_listed() -> None:
    output = {item: str(item) * 1000 for item in range(10, 60)}
    last = last_printed(output)
    assert list(last) == list(range(59, 59 - LISTED, -1))
    assert last[59] == "…" + ("59" * 1000)[-PRINTED:]
