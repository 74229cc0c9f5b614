"""Which functions of `submit` count as brief."""

from __future__ import annotations

from jupyterlite_pool.jobs.chunks import BRIEF_SECONDS
from jupyterlite_pool.jobs.paces import CALM, ENOUGH, LONG, MOST_FUNCTIONS, Paces


def measured(*seconds: float) -> Paces:
    paces = Paces()
    for each in seconds:
        paces.note("f", each)
    return paces


def test_a_function_is_brief_once_some_of_its_calls_were() -> None:
    assert not Paces().is_brief("f")
    assert not measured(*[0.0] * (ENOUGH - 1)).is_brief("f")
    assert measured(*[BRIEF_SECONDS] * ENOUGH).is_brief("f")
    assert not measured(*[2 * BRIEF_SECONDS] * ENOUGH).is_brief("f")
    assert not measured(*[0.0] * ENOUGH).is_brief("g")


def test_after_a_long_call_it_takes_many_brief_ones() -> None:
    assert not measured(*[0.0] * 100, 2 * LONG, *[0.0] * (CALM - 1)).is_brief("f")
    assert measured(*[0.0] * 100, 2 * LONG, *[0.0] * CALM).is_brief("f")


def test_only_the_last_functions_are_remembered() -> None:
    paces = measured(*[0.0] * ENOUGH)
    for number in range(MOST_FUNCTIONS):
        paces.note(f"another {number}", 0.0)
    assert not paces.is_brief("f")
