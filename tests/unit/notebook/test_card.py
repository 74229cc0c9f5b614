"""The card of a job. The tests move the clock of its pool."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import IPython.display
import pytest
from ipywidgets.widgets import widget as ipywidgets_widget

from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.jobs.options import MapOptions
from jupyterlite_pool.jobs.tasks import Outcome
from jupyterlite_pool.notebook import card as _widget
from jupyterlite_pool.notebook.card import INTERVAL, card_html, show_progress
from jupyterlite_pool.notebook.page import page
from jupyterlite_pool.notebook.progress import Progress

WIDGET = "application/vnd.jupyter.widget-view+json"


class FakePool:
    """Makes later calls when a test asks for them."""

    def __init__(self) -> None:
        self.ready_workers = {0, 1}
        self.later: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        entry = (seconds, action)
        self.later.append(entry)
        return lambda: self.later.remove(entry) if entry in self.later else None

    def tick(self) -> float:
        """Make the next call that is due; returns how many seconds it was to wait."""
        seconds, action = self.later.pop(0)
        action()
        return seconds


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
    assert (bar["aria-valuemin"], bar["aria-valuenow"], bar["aria-valuemax"]) == ("0", "53", "100")
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
    "phase", ["warming", "waiting", "running", "collecting", "done", "failed", "cancelled"]
)
def test_every_phase_has_words_and_a_sign(phase: str) -> None:
    words = Tags(card_html(progress(phase=phase))).words
    told = progress(phase=phase)
    assert f"{told.sign} {told.words}" in words


def test_a_job_with_failures_does_not_look_like_success() -> None:
    assert "⚠ done, with failures" in Tags(card_html(progress(phase="done", failed=1))).words
    assert "✓ done" in Tags(card_html(progress(phase="done", failed=0))).words


def test_a_job_of_unknown_size_has_a_card() -> None:
    tags = Tags(card_html(progress(total=None)))
    assert [name for name in tags.bar() if name.startswith("aria-")] == [
        "aria-label",
        "aria-valuetext",
    ]
    assert tags.segments() == [], "nobody knows what share it is"
    assert "50 so far" in tags.words


def test_a_job_of_unknown_size_that_has_ended_has_a_whole_bar() -> None:
    tags = Tags(card_html(progress(total=None, phase="done", running=0, cancelled=0)))
    assert tags.bar()["aria-valuemax"] == "53"
    assert tags.segments() == ["50 done", "3 failed"]


class Notebook:
    """Lists the displays, and the widgets that are there."""

    def __init__(self) -> None:
        self.displays: list[tuple[dict[str, Any], bool]] = []

    def display(self, data: dict[str, Any], *, update: bool, **_: Any) -> None:
        self.displays.append((data, update))

    @property
    def widgets(self) -> set[str]:
        return set(vars(ipywidgets_widget)["_instances"])


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    notebook = Notebook()
    monkeypatch.setattr(_widget, "_shell", lambda: notebook)
    monkeypatch.setattr(IPython.display, "display", notebook.display)
    return notebook


def job_of(count: int) -> MapJob:
    return MapJob(abs, [range(count)], MapOptions(return_exceptions=True))


def finish(job: MapJob, error: BaseException | None = None) -> None:
    for task in job.take(1):
        job.finish(task, Outcome(0, 0.1, value=1, error=error))


def test_a_short_job_has_no_card(notebook: Notebook) -> None:
    job, pool = job_of(1), FakePool()
    show_progress(job, "f", None, pool)
    assert [seconds for seconds, _ in pool.later] == [page.progress_after]
    finish(job)
    finish(job)
    assert pool.later == []
    assert notebook.displays == []


def test_a_long_job_gets_its_card_late(notebook: Notebook) -> None:
    job, pool = job_of(1), FakePool()
    show_progress(job, "f", None, pool)
    assert pool.tick() == page.progress_after
    assert len(notebook.displays) == 1


def test_a_card_can_be_had_at_once_or_never(notebook: Notebook) -> None:
    job, pool = job_of(1), FakePool()
    show_progress(job, "f", False, pool)
    assert (notebook.displays, pool.later) == ([], [])
    show_progress(job, "f", True, pool)
    assert len(notebook.displays) == 1


def test_outside_of_a_notebook_there_is_no_card(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_widget, "_shell", lambda: None)
    show_progress(job_of(1), "f", True, FakePool())
    assert notebook.displays == []


def test_a_card_has_three_forms_and_ends_with_the_two_that_last(notebook: Notebook) -> None:
    job, pool = job_of(2), FakePool()
    show_progress(job, "label", True, pool)
    data, update = notebook.displays[0]
    assert set(data) == {"text/plain", "text/html", WIDGET}
    assert not update
    assert data["text/plain"].startswith("label: running · 0/2")
    finish(job)
    assert pool.tick() == INTERVAL
    finish(job, ValueError("v"))
    finish(job)
    data, update = notebook.displays[-1]
    assert set(data) == {"text/plain", "text/html"}
    assert update
    assert data["text/plain"].startswith("label: done · 1/2")
    assert "1 failed" in data["text/html"]
    assert pool.later == []


def test_no_widget_is_left_when_the_job_has_ended(notebook: Notebook) -> None:
    before = notebook.widgets
    job, pool = job_of(1), FakePool()
    show_progress(job, "f", True, pool)
    assert notebook.widgets > before
    finish(job)
    finish(job)
    assert notebook.widgets == before


def test_the_widget_shows_the_card_as_it_is_now(notebook: Notebook) -> None:
    job, pool = job_of(2), FakePool()
    show_progress(job, "f", True, pool)
    drawn = notebook.displays[0][0][WIDGET]["model_id"]
    box: Any = vars(ipywidgets_widget)["_instances"][drawn]
    finish(job)
    pool.tick()
    assert "1/2" in box.children[0].value
    assert Tags(box.children[0].value).segments() == ["1 done"]
    assert 'role="status"' in box.children[1].value


def test_without_widgets_the_html_is_kept_current(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_widget, "_make_widget", lambda: (None, None))
    job, pool = job_of(2), FakePool()
    show_progress(job, "f", True, pool)
    finish(job)
    pool.tick()
    data, update = notebook.displays[-1]
    assert update
    assert "1/2" in data["text/html"]
    assert WIDGET not in data


def button_of(notebook: Notebook) -> Any:
    model = notebook.displays[0][0][WIDGET]["model_id"]
    return vars(ipywidgets_widget)["_instances"][model].children[-1]


@pytest.mark.parametrize(("single", "word"), [(True, "Stop"), (False, "Cancel")])
def test_a_button_ends_the_job(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, single: bool, word: str
) -> None:
    monkeypatch.setattr(page, "widgets", not single)  # a cell in the background has one anyway
    job = MapJob(abs, [range(2)], MapOptions(single=single))
    show_progress(job, "f", True, FakePool())
    button = button_of(notebook)
    assert button.description == word
    button.click()
    assert isinstance(job.settled.exception(0), KeyboardInterrupt)
    assert job.aborted


def test_a_click_that_comes_late_changes_nothing(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "widgets", True)
    job = job_of(1)
    show_progress(job, "f", True, FakePool())
    button = button_of(notebook)
    finish(job)
    finish(job)
    button.click()
    assert not job.aborted


def test_a_cell_in_the_background_waits_or_runs_and_counts_nothing() -> None:
    job = MapJob(abs, [[1]], MapOptions(single=True))
    now = Progress.of(job, "f", 1)
    assert (now.phase, now.words) == ("waiting", "waiting for a worker")
    assert now.text() == "0:00 elapsed"
    job.started(job.take(1))
    assert Progress.of(job, "f", 1).phase == "running"
