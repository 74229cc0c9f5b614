"""What a result tells of its job, and how it looks."""

from __future__ import annotations

import concurrent.futures
import sys
import threading
import warnings
from typing import Any

import pytest
from IPython.lib.pretty import pretty

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.map_result import MapResult
from jupyterlite_pool.api.pool_map import pool_map
from jupyterlite_pool.api.shared import get_reusable_executor

pytestmark = pytest.mark.usefixtures("pool", "history")


def invert(x: int) -> float:
    return 1 / x


def test_a_list_looks_like_a_list() -> None:
    result = pool_map(invert, [1, 2], progress=False)
    assert result._repr_html_() is None
    assert pretty(result) == "[1.0, 0.5]"


def test_what_failed_looks_like_a_card_and_a_table() -> None:
    result = failed(invert, [1, 0])
    html = result._repr_html_()
    assert html is not None
    assert 'class="jp-pool-card"' in html
    assert "✗ failed" in html
    assert "<td>ZeroDivisionError: division by zero</td>" in html
    assert pretty(result).startswith("<MapResult of invert: ")


def failed(function: Any, items: list[Any]) -> MapResult[Any]:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever the function raises
        pool_map(function, items, progress=False, chunksize=1)
    result: MapResult[Any] = caught.value.map_result  # type: ignore[attr-defined]
    concurrent.futures.wait([result._job.ended], 10)
    return result


def test_insights_are_sentences() -> None:
    said = pool_map(invert, [1, 0, 2], return_exceptions=True, progress=False).insights()
    assert said.startswith("3 items ran on ")
    assert "of that time. The slowest items were " in said
    assert said.endswith(" 1 item failed.")
    assert pool_map(invert, [1], progress=False).insights().startswith("1 item ran on 1 worker in ")
    assert pool_map(invert, [], progress=False).insights() == "No item has run on a worker."


def test_what_ran_again_is_in_the_output_and_in_the_insights() -> None:
    result = pool_map(invert, [1, 0, 2], return_exceptions=True, progress=False)
    result.retry_failed(fn=abs)
    first, again = (run.outcomes for run in result._runs.all)
    # Workers in this process print where this process does.
    first.output.update({0: "first 0", 1: "first 1"})
    assert result.stdout == {0: "first 0"}  # the value is of the other run, which printed nothing
    again.output[0] = "again 1"
    assert result.stdout == {0: "first 0", 1: "again 1"}
    assert "Items that ran again: 1." in result.insights()


def test_insights_tell_of_all_runs() -> None:
    result = pool_map(invert, [1, 0, 2], return_exceptions=True, progress=False)
    result.retry_failed(fn=abs)
    assert result.insights().startswith("4 items ran on ")
    again = result._runs.last.outcomes.timings
    again.rows[0] = again.rows[0]._replace(worker=77, seconds=[9.0])
    assert "The slowest items were 1 (9 s), " in result.insights()


def test_a_timeline_says_what_failed_and_has_what_ran_again() -> None:
    result = pool_map(invert, [1, 0, 2], return_exceptions=True, progress=False)
    assert [(t.item, t.failed) for t in sorted(result.timeline())] == [
        (0, False),
        (1, True),
        (2, False),
    ]
    result.retry_failed(fn=abs)
    timeline = result.timeline()
    assert sorted((t.item, t.failed) for t in timeline) == [
        *[(0, False), (1, False), (1, True), (2, False)],
    ]
    assert (timeline[-1].item, timeline[-1].failed) == (1, False)
    assert repr(timeline).startswith("invert: 3 items on ")


def test_a_data_frame_has_a_row_for_each_item() -> None:
    pandas = pytest.importorskip("pandas")
    result = pool_map(invert, [1, 0, 2], return_exceptions=True, progress=False)
    frame = result.to_dataframe()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == [
        *("value", "error", "worker", "start", "seconds", "attempt", "stdout"),
    ]
    assert frame.index.name == "item"
    assert list(frame.index) == [0, 1, 2]
    assert frame.value[0] == 1.0
    assert pandas.isna(frame.value[1])
    assert isinstance(frame.error[1], ZeroDivisionError)
    assert set(frame.worker) <= {0, 1}
    assert frame.seconds.dtype.kind == "f"
    assert list(frame.attempt) == [1, 1, 1]


def test_values_of_every_kind_stay_what_they_are_in_a_data_frame() -> None:
    pytest.importorskip("pandas")
    values: list[Any] = [[1, 2], {"a": 1}, None, "text", (3,)]
    frame = pool_map(lambda i: values[i], range(5), progress=False).to_dataframe()
    assert [frame.value[i] for i in (0, 1, 3, 4)] == [[1, 2], {"a": 1}, "text", (3,)]
    assert len(pool_map(abs, [], progress=False).to_dataframe()) == 0


def test_a_data_frame_of_a_failed_job_has_what_there_is() -> None:
    pytest.importorskip("pandas")
    frame = failed(invert, [0]).to_dataframe()
    assert isinstance(frame.error[0], ZeroDivisionError)


def test_without_pandas_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    result = pool_map(invert, [1], progress=False)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="needs pandas: run `%pip install pandas`"):
        result.to_dataframe()


def test_an_executor_says_what_it_does(pool: WorkerPoolExecutor) -> None:
    pool.submit(abs, 1).result(10)
    line = "<WorkerPoolExecutor: 2 of 2 workers ready; 0 batches running, 0 waiting>"
    pool.run_everywhere(abs, 1)
    assert repr(pool) == line
    html = pool._repr_html_()
    assert html is not None
    assert html == pool.status()._repr_html_()
    pool.shutdown()
    assert repr(pool) == "<WorkerPoolExecutor: shut down>"
    assert pool._repr_html_() is None
    pool.terminate_workers()
    assert repr(pool).startswith("<WorkerPoolExecutor: broken, TerminatedWorkerError: ")


def test_a_status_is_a_table_or_text(pool: WorkerPoolExecutor) -> None:
    status = pool.status()
    assert pretty(status) == str(status)
    assert status.line() == str(status).splitlines()[0]
    assert status._repr_html_().count("<tr>") == 1 + len(status.workers)


def test_a_job_that_runs_is_left_to_its_card() -> None:
    gate = threading.Event()
    GATES.append(gate)
    result = pool_map(wait, [1], block=False, progress=False)
    assert result._repr_html_() is None
    assert pretty(result) == "<MapResult of wait: 0/1 done>"
    gate.set()
    assert result.wait() == [1]


#: What workers share with a test is found by name.
GATES: list[threading.Event] = []


def wait(x: int) -> int:
    from tests.unit.api.test_report import GATES

    GATES[-1].wait(30)
    return x


def test_a_pool_that_runs_says_that_it_has_fewer_workers(
    pool: WorkerPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyterlite_pool.api.shared._told", set())
    with pytest.warns(UserWarning, match="max_workers=5, but the pool has 2 workers"):
        assert get_reusable_executor(5) is pool
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert get_reusable_executor(5) is pool
        assert get_reusable_executor(2) is pool
