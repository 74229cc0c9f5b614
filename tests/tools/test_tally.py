"""What a run of the tests says of itself in the end."""

from __future__ import annotations

from types import SimpleNamespace

from tests.support.tally import slowest_files


def phase(test: str, when: str, seconds: float) -> SimpleNamespace:
    return SimpleNamespace(nodeid=test, when=when, duration=seconds)


def test_the_time_of_a_file_is_that_of_all_its_tests_and_fixtures() -> None:
    reports = [
        phase("tests/a.py::one", "setup", 1.5),
        phase("tests/a.py::one", "call", 2.0),
        phase("tests/b.py::two[x::y]", "call", 8.0),
        phase("tests/a.py::three", "call", 1.0),
        phase("tests/quick.py::four", "call", 0.1),
        SimpleNamespace(message="a warning"),
    ]
    assert list(slowest_files(reports)) == [
        "     8.0 s  tests/b.py (1 tests)",
        "     4.5 s  tests/a.py (2 tests)",
    ]
