"""The log that JavaScript posts when Python has died."""

from __future__ import annotations

from typing import Any

from jupyterlite_pool.wire.protocol import LOG_BYTES
from jupyterlite_pool.wire.results import RESULTS_END, dump_value, split_results
from jupyterlite_pool.worker.result_log import USED, ResultLog


def record(task: int, value: Any) -> bytes:
    return dump_value(task, 0.0, value)[0]


def as_javascript_reads_it(log: ResultLog) -> bytes:
    return bytes(log.buffer[: log.state[USED]])


def test_the_buffer_holds_a_whole_payload_after_each_result() -> None:
    log = ResultLog()
    assert split_results(as_javascript_reads_it(log)) == []
    for task in range(3):
        assert log.add(record(task, "x" * task))
        read = split_results(as_javascript_reads_it(log))
        assert [(item[0], item[2]) for item in read] == [(i, "x" * i) for i in range(task + 1)]


def test_results_are_taken_once() -> None:
    log = ResultLog()
    log.add(record(5, 50))
    assert [item[0] for item in split_results(log.take())] == [5]
    assert log.take() == b""
    log.add(record(6, 60))
    assert [item[0] for item in split_results(log.take())] == [6]


def test_a_result_without_room_is_refused_and_the_others_stay() -> None:
    log = ResultLog()
    most = bytes(LOG_BYTES - RESULTS_END.size)
    assert log.add(record(1, 1))
    assert not log.add(most)
    assert [item[0] for item in split_results(log.take())] == [1]
    assert log.add(most)
    assert len(log.take()) == LOG_BYTES


def test_its_addresses_never_change() -> None:
    log = ResultLog()
    buffer, state = log.buffer, log.state
    with memoryview(buffer), memoryview(state):  # a resize would be an error
        log.add(record(1, 1))
        log.take()
    assert log.buffer is buffer
    assert log.state is state
