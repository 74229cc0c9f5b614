"""The card of a job. The tests move the clock of its pool."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
from ipywidgets import Button

from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.jobs.options import MapOptions
from jupyterlite_pool.notebook import card as _card
from jupyterlite_pool.notebook.card import (
    CARD,
    DETAILS_AFTER,
    GUARDED_AFTER,
    INTERVAL,
    show_progress,
)
from jupyterlite_pool.notebook.face import WIDGET
from jupyterlite_pool.notebook.page import NEVER, buttons, page
from jupyterlite_pool.notebook.progress import Progress

from .conftest import FakePool, Shown, finish, job_of, widget_of


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page shows a widget only while its kernel lives."""
    monkeypatch.setattr(page, "cards", True)
    monkeypatch.setattr(page, "widgets", True)
    monkeypatch.setattr(page, "life", "1234")


def folded_of(notebook: Shown) -> str:
    """What the card of the first display has folded away."""
    parts = widget_of(notebook).children
    [fold] = [part.value for part in parts if "<details" in getattr(part, "value", "")]
    assert "open" not in fold.partition("<details")[2]
    [folded] = [part for part in parts if "jp-pool-folded" in part._dom_classes]
    return str(folded.value)


def button_of(notebook: Shown) -> Any:
    [button] = [part for part in widget_of(notebook).children if isinstance(part, Button)]
    return button


def news_of(box: Any) -> str:
    [news] = [part.value for part in box.children if "jp-pool-news" in getattr(part, "value", "")]
    return str(news)


def test_a_short_job_has_no_card(notebook: Shown) -> None:
    job, pool = job_of(1), FakePool()
    show_progress(job, "f", None, pool)
    assert [seconds for seconds, _ in pool.later] == [page.progress_after]
    finish(job)
    finish(job)
    assert pool.later == []
    assert notebook.displays == []


def test_a_long_job_gets_its_card_late(notebook: Shown) -> None:
    job, pool = job_of(1), FakePool()
    show_progress(job, "f", None, pool)
    assert pool.tick() == page.progress_after
    assert len(notebook.displays) == 1


def test_a_card_can_be_had_at_once_or_never(notebook: Shown) -> None:
    job, pool = job_of(1), FakePool()
    show_progress(job, "f", False, pool)
    assert (notebook.displays, pool.later) == ([], [])
    show_progress(job, "f", True, pool)
    assert len(notebook.displays) == 1


def test_the_setting_turns_cards_off(notebook: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "progress_after", float(NEVER))
    job, pool = job_of(1), FakePool()
    show_progress(job, "f", None, pool)
    assert pool.later == []
    show_progress(job, "f", True, pool)  # who asks for one gets one
    assert len(notebook.displays) == 1


def test_outside_of_a_notebook_there_is_no_card(
    notebook: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_card, "_shell", lambda: None)
    show_progress(job_of(1), "f", True, FakePool())
    assert notebook.displays == []


def test_a_card_has_three_forms_and_ends_with_the_two_that_last(notebook: Shown) -> None:
    job, pool = job_of(2), FakePool()
    show_progress(job, "label", True, pool)
    data, update = notebook.displays[0]
    assert set(data) == {"text/plain", "text/html", WIDGET}
    assert not update
    assert notebook.matches(r"label: running at \d\d:\d\d:\d\d · 0/2")
    finish(job)
    assert pool.tick() == INTERVAL
    finish(job, ValueError("v"))
    finish(job)
    data, update = notebook.displays[-1]
    assert set(data) == {"text/plain", "text/html"}
    assert update
    assert notebook.matches("label: done, with failures · 1/2")
    assert "<td>ValueError: v</td>" in data["text/html"]
    assert pool.later == []


def test_the_widgets_of_the_last_jobs_stay_as_they_ended_and_older_ones_go(
    notebook: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "widgets", True)
    monkeypatch.setattr(_card, "_ended", deque())
    before = notebook.widgets
    job, pool = job_of(1), FakePool()
    show_progress(job, "f", True, pool)
    first, box = notebook.widgets - before, widget_of(notebook)
    finish(job)
    finish(job)
    assert "done" in box.children[0].value
    assert not [each for each in box.children if isinstance(each, Button)]
    assert "jp-pool-cancellable" not in box._dom_classes
    for _ in range(_card.MOST_ENDED):
        assert box.model_id in notebook.widgets
        job = job_of(1)
        show_progress(job, "f", True, pool)
        finish(job)
        finish(job)
    assert not first & notebook.widgets


def test_the_widget_shows_the_card_as_it_is_now(notebook: Shown) -> None:
    job, pool = job_of(3), FakePool()
    show_progress(job, "f", True, pool)
    box = widget_of(notebook)
    assert "f: started" in news_of(box)
    finish(job)
    pool.tick()
    assert "1/3" in box.children[0].value
    assert 'title="1 done"' in box.children[0].value
    finish(job, ValueError("v"))
    pool.tick()
    assert "f: an item has failed" in news_of(box)


def test_details_are_folded_away(notebook: Shown) -> None:
    job, pool = job_of(4), FakePool()
    [task] = job.take(1)
    show_progress(job, "f", True, pool)
    pool.running = {1: task}
    finish(job, ValueError("v"))
    job.outcomes.print(2, "from item 2")
    for _ in range(DETAILS_AFTER):
        pool.tick()
    folded = folded_of(notebook)
    assert "worker 0: idle" in folded
    assert "worker 1: item 0" in folded
    assert "<td>1</td><td>1</td><td>ValueError: v</td>" in folded


def test_without_widgets_the_html_is_kept_current(
    notebook: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_card, "make_face", lambda label, folds: None)
    job, pool = job_of(2), FakePool()
    show_progress(job, "f", True, pool)
    finish(job)
    pool.tick()
    data, update = notebook.displays[-1]
    assert update
    assert "1/2" in data["text/html"]
    assert WIDGET not in data


@pytest.mark.usefixtures("guarded")
def test_what_is_saved_meanwhile_says_that_the_kernel_is_gone(notebook: Shown) -> None:
    job, pool = job_of(3), FakePool()
    show_progress(job, "label", True, pool)
    finish(job)
    for _ in range(GUARDED_AFTER):
        pool.tick()
    assert len(notebook.displays) == 2
    for data, _ in notebook.displays:
        assert data[CARD] == {"version": 1, "life": "1234", "news": ""}
        assert WIDGET in data
        assert "■ stopped: the kernel is gone" in data["text/html"]
        assert "running" not in data["text/html"]
        assert data["text/plain"].startswith("label: stopped: the kernel is gone · ")
    assert "1/3" in notebook.displays[-1][0]["text/html"]
    finish(job)
    finish(job)
    finish(job)
    data, _ = notebook.displays[-1]
    assert data[CARD]["life"] == ""
    assert data[CARD]["news"].startswith("label: done, 3/3 · ")
    assert WIDGET not in data
    assert "✓ done" in data["text/html"]


@pytest.mark.parametrize(("single", "word"), [(True, "Stop"), (False, "Cancel")])
def test_a_button_ends_the_job(
    notebook: Shown, monkeypatch: pytest.MonkeyPatch, single: bool, word: str
) -> None:
    monkeypatch.setattr(page, "widgets", not single)  # a cell in the background has one anyway
    job = MapJob(abs, [range(2)], MapOptions(single=single))
    pool = FakePool()
    show_progress(job, "f", True, pool)
    button = button_of(notebook)
    assert button.description == word
    assert len(buttons) == 1
    assert pool.cancellable == dict.fromkeys(buttons, job)
    button.click()
    assert isinstance(job.settled.exception(0), KeyboardInterrupt)
    assert job.aborted
    assert not buttons


def test_a_click_that_comes_late_changes_nothing(
    notebook: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "widgets", True)
    job = job_of(1)
    show_progress(job, "f", True, FakePool())
    button = button_of(notebook)
    finish(job)
    finish(job)
    button.click()
    assert not job.aborted


def test_a_job_that_is_being_cancelled_says_so(notebook: Shown) -> None:
    job, pool = job_of(2), FakePool()
    show_progress(job, "f", True, pool)
    [task] = job.take(1)
    job.started([task])
    job.abort()
    pool.tick()
    assert "cancelling" in widget_of(notebook).children[0].value
    job.stopped()
    job.discard([task])
    assert "■ cancelled" in notebook.displays[-1][0]["text/html"]


def test_a_cell_in_the_background_waits_or_runs_and_counts_nothing(notebook: Shown) -> None:
    job = MapJob(abs, [[1]], MapOptions(single=True))
    now = Progress.of(job, "f", 1)
    assert (now.phase, now.words) == ("waiting", "waiting for a worker")
    assert now.text() == "0:00 elapsed"
    job.started(job.take(1))
    assert Progress.of(job, "f", 1).phase == "running"
    show_progress(job, "f", True, FakePool())
    parts = widget_of(notebook).children
    assert not [part for part in parts if "<details" in getattr(part, "value", "")]
