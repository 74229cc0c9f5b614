"""The failures of a result: a mapping that shows itself as a table."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.api.failures import SHOWN, Failures
from jupyterlite_pool.api.pool_map import pool_map
from jupyterlite_pool.tracebacks import WIDTH, error_line


def failures_of_letters(**errors: BaseException) -> Failures:
    """Failures of items 0, 1 and so on, whose arguments are the names of the errors."""
    names = list(errors)
    return Failures(dict(enumerate(errors.values())), lambda index: repr(names[index]))


def test_it_is_a_mapping_of_errors() -> None:
    error = KeyError("k")
    failures = failures_of_letters(a=error)
    assert isinstance(failures, Mapping)
    assert failures == {0: error}
    assert [*failures.items()] == [(0, error)]
    assert type(pickle.loads(pickle.dumps(failures))) is dict
    assert json.dumps({i: str(e) for i, e in failures.items()}) == '{"0": "\'k\'"}'


def test_it_shows_items_arguments_and_errors() -> None:
    failures = failures_of_letters(a=KeyError("k"), longer=ValueError("two\n  lines"))
    assert repr(failures).splitlines() == [
        "item  arguments  error",
        "   0  'a'        KeyError: 'k'",
        "   1  'longer'   ValueError: two lines",
    ]


def test_the_table_of_a_notebook_is_escaped() -> None:
    table = failures_of_letters(a=ValueError("<script>x</script>"))._repr_html_()
    assert "<script>" not in table
    assert "<td>ValueError: &lt;script&gt;x&lt;/script&gt;</td>" in table
    assert '<th scope="col">arguments</th>' in table


def test_without_failures_it_says_so() -> None:
    none = failures_of_letters()
    assert repr(none) == "no item has failed"
    assert none._repr_html_() == "<p>no item has failed</p>"
    assert not none
    assert none == {}


def test_only_the_first_are_shown() -> None:
    many = Failures({i: KeyError(i) for i in range(SHOWN + 5)}, str)
    assert repr(many).splitlines()[-1] == "… and 5 more"
    assert many._repr_html_().count("<tr>") == SHOWN + 1
    assert "… and 5 more" in many._repr_html_()
    assert len(many) == SHOWN + 5


@pytest.mark.parametrize("text", ["x" * 5000, "word " * 5000])
def test_a_long_error_is_cut(text: str) -> None:
    line = error_line(ValueError(text))
    assert len(line) == WIDTH
    assert line.endswith("…")


def test_an_error_whose_text_fails_is_named() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert error_line(MuteError()) == "MuteError: <no text>"
    assert error_line(KeyError()) == "KeyError"


def test_a_result_shows_its_failures_with_short_arguments(pool: WorkerPoolExecutor) -> None:
    def refuse(text: str, number: int) -> None:
        if number:
            raise ValueError(number)

    texts = ["<a>", "b" * 5000, "c"]
    result = pool_map(refuse, texts, [1, 2, 0], return_exceptions=True, progress=False)
    assert {i: type(e) for i, e in result.failed.items()} == {0: ValueError, 1: ValueError}
    lines = repr(result.failed).splitlines()
    assert lines[1].split() == ["0", "'<a>',", "1", "ValueError:", "1"]
    assert all(len(line) < 120 for line in lines)
    assert "&#x27;&lt;a&gt;&#x27;, 1" in result.failed._repr_html_()


def test_items_that_ran_again_show_their_own_errors(pool: WorkerPoolExecutor) -> None:
    def refuse(x: int) -> None:
        if x:
            raise ValueError("before")

    def refuse_again(x: int) -> None:
        raise LookupError("after")

    result = pool_map(refuse, [0, 7, 0, 8], return_exceptions=True, progress=False)
    result.retry_failed(fn=refuse_again, progress=False)
    assert [line.split() for line in repr(result.failed).splitlines()[1:]] == [
        ["1", "7", "LookupError:", "after"],
        ["3", "8", "LookupError:", "after"],
    ]
