"""The progress of a job in numbers and words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest

from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.jobs.options import MapOptions
from jupyterlite_pool.jobs.tasks import Outcome
from jupyterlite_pool.notebook.progress import Progress, clock, rate_text


def progress(**fields: Any) -> Progress:
    start = Progress("f", "running", 0, 0, 0, 0, 100, 0.0, 0.0)
    return start._replace(**fields)


def job_of(items: Iterable[int], **options: Any) -> MapJob:
    return MapJob(abs, [items], MapOptions(**options))


def phase(job: MapJob, workers: int = 2) -> str:
    return Progress.of(job, "f", workers).phase


def finish(job: MapJob, error: BaseException | None = None) -> None:
    [task] = job.take(1)
    job.finish(task, Outcome(0, 0.1, value=1, error=error))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (14.9, "0:14"), (60, "1:00"), (3599, "59:59"), (3723, "1:02:03")],
)
def test_a_clock_has_hours_only_where_it_needs_them(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_before_the_first_item_has_ended_there_is_no_rate() -> None:
    assert progress(elapsed=1.0).rate is None
    assert progress(elapsed=1.0).left is None
    assert progress(elapsed=1.4).text() == "0/100 · 0:01 elapsed"


def test_the_rate_counts_failures_and_the_rest_is_what_is_left() -> None:
    now = progress(done=40, failed=10, cancelled=25, elapsed=15.0, working=10.0)
    assert now.rate == 5.0
    assert now.left == 5.0
    assert now.text() == "40/100 · 5/s · 0:15 elapsed · 0:05 left · 10 failed · 25 cancelled"


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (5210.4, "5,210/s"),
        (10, "10/s"),
        (3.14, "3.1/s"),
        (1 / 1.5, "1.5 s an item"),
        (1 / 40, "40 s an item"),
        (1 / 125, "2:05 an item"),
    ],
)
def test_rates_are_as_people_read_them(rate: float, text: str) -> None:
    assert rate_text(rate) == text


def test_nobody_knows_what_is_left_of_an_unsized_iterable() -> None:
    now = progress(done=5, total=None, elapsed=10.0, working=10.0)
    assert now.left is None
    assert now.text() == "5 so far · 2 s an item · 0:10 elapsed"


def test_nothing_is_left_of_a_job_that_has_ended() -> None:
    assert progress(done=50, elapsed=10.0, working=10.0, phase="cancelled").left is None


def test_a_job_goes_from_warming_to_done() -> None:
    job = job_of([1, 2])
    assert phase(job, workers=0) == "warming"
    assert phase(job) == "running"
    job.started([])
    assert phase(job, workers=0) == "running"
    finish(job)
    assert phase(job) == "collecting"  # one has ended, one runs
    job.stopped()
    finish(job)
    assert job.take(1) == []
    assert phase(job) == "done"


def test_a_failure_ends_a_job_as_failed() -> None:
    job = job_of([1, 2])
    finish(job, ValueError("v"))
    assert phase(job) == "failed"


def test_failures_that_are_collected_do_not_fail_the_job() -> None:
    job = job_of([1, 2], return_exceptions=True)
    finish(job, ValueError("v"))
    finish(job)
    assert job.take(1) == []
    assert phase(job) == "done"


def test_a_cancelled_job_is_cancelled() -> None:
    job = job_of([1, 2, 3])
    [task] = job.take(1)
    job.cancel()
    assert phase(job) == "collecting"
    job.finish(task, Outcome(0, 0.1, value=1))
    assert phase(job) == "cancelled"


def test_progress_counts_what_the_job_counts() -> None:
    job = job_of([1, 2, 3], return_exceptions=True)
    finish(job, ValueError("v"))
    finish(job)
    job.started([])
    now = Progress.of(job, "label", 2)
    assert now[:7] == ("label", "collecting", 1, 1, 1, 0, 3)
    assert now.elapsed >= 0


def test_values_that_were_given_away_count() -> None:
    job = job_of([1, 2, 3])
    finish(job)
    job.outcomes.give(0)
    finish(job)
    assert Progress.of(job, "f", 2).done == 2


def test_a_phase_that_does_not_last_has_its_time() -> None:
    assert re.fullmatch(r"running at \d\d:\d\d:\d\d", progress().words_now())
    assert progress(phase="done").words_now() == "done"


def test_without_its_kernel_a_job_has_stopped_unless_it_had_ended() -> None:
    gone = progress(running=2, done=5, elapsed=1.0, working=1.0).gone()
    assert (gone.phase, gone.running, gone.left) == ("gone", 0, None)
    assert progress(phase="failed").gone().phase == "failed"
