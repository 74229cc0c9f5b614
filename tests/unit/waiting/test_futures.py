"""How futures of the pool look."""

from __future__ import annotations

import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.waiting.futures import PoolFuture, short


def test_a_future_says_what_has_become_of_its_call() -> None:
    future: PoolFuture[int] = PoolFuture(name="f")
    assert repr(future) == "<PoolFuture of f: waiting>"
    assert "◌ f: waiting" in future._repr_html_()
    future.set_running_or_notify_cancel()
    assert repr(future) == "<PoolFuture of f: running>"
    assert "▶ f: running" in future._repr_html_()
    future.set_result(42)
    assert repr(future) == "<PoolFuture of f: returned 42>"
    assert "✓ f: returned 42" in future._repr_html_()


def test_a_future_says_how_its_call_failed() -> None:
    future: PoolFuture[int] = PoolFuture(name="<lambda>")
    future.set_exception(ValueError("x"))
    assert repr(future) == "<PoolFuture of <lambda>: raised ValueError('x')>"
    assert "✗ &lt;lambda&gt;: raised ValueError(&#x27;x&#x27;)" in future._repr_html_()
    future = PoolFuture()
    future.cancel()
    assert repr(future) == "<PoolFuture of a call: cancelled>"
    assert "■" in future._repr_html_()


class Rigid:
    """A value that cannot be shown."""

    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (42, "42"),
        (None, "None"),
        (Rigid(), "a Rigid"),
        (object(), "an object"),
        (list(range(100)), "[0, 1, 2, 3, 4, 5, ...]"),
    ],
)
def test_a_value_is_shown_in_a_few_words(value: object, words: str) -> None:
    assert short(value) == words


def test_the_executor_names_its_futures() -> None:
    with WorkerPoolExecutor(backend=InProcessBackend(1)) as executor:
        future = executor.submit(abs, -1)
        assert future.result(10) == 1
        assert repr(future) == "<PoolFuture of abs: returned 1>"
