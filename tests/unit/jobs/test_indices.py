"""A set of indices, most of which are a range."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jupyterlite_pool.jobs.indices import Indices

SMALL = st.integers(0, 30)


@given(st.lists(st.tuples(st.booleans(), SMALL)), SMALL, SMALL)
def test_it_is_a_set(steps: list[tuple[bool, int]], start: int, size: int) -> None:
    ours, plain = Indices(), set[int]()
    for place, (adds, index) in enumerate([(False, 0), *steps]):
        if place == len(steps) // 2:
            indices = range(start, start + size)
            for other in indices:
                ours.discard(other)
            ours.add_range(indices)
            plain.update(indices)
        for indices_ in (ours, plain):
            (indices_.add if adds else indices_.discard)(index)
    assert set(ours) == plain
    assert len(ours) == len(plain)
    assert [index in ours for index in range(70)] == [index in plain for index in range(70)]
    for index in plain:
        assert set(range(index, min(ours.after(index), 70))) <= plain


def test_a_range_is_not_counted() -> None:
    ours = Indices()
    ours.add(3)
    ours.add_range(range(5, 10**15))
    assert len(ours) == 10**15 - 4
    assert ours.after(5) == 10**15
    ours.discard(6)
    assert ours.after(5) == 6
    assert 6 not in ours
    assert repr(ours) == "<999999999999995 indices>"
