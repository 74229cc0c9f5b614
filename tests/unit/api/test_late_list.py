"""A list whose values come later, before all of Python's ways to read a list.

Many of these ways are C code, which may look into the storage of a list without a call of any
method. Each of them either waits, or does not notice that the values have come late.
"""

from __future__ import annotations

import array
import asyncio
import bisect
import collections
import copy
import csv
import functools
import heapq
import io
import json
import operator
import pickle
import statistics
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyterlite_pool.api.late_list import MOST_MISSING, NOT_THERE, UNKNOWN, LateList

VALUES = [3, 1, 2]


class Late(LateList[int]):
    """Its values come when it is asked for them; the one in the middle may be an error instead."""

    def __init__(self, values: list[Any], error: Exception | None = None) -> None:
        super().__init__(len(values))
        self.values = values
        self.error = error

    def _size(self) -> int:
        return len(self.values)

    def _item(self, index: int) -> int:
        if index == 1 and self.error is not None:
            raise self.error
        return self.values[index]  # type: ignore[no-any-return]

    def _each(self) -> Iterator[int]:
        return map(self._item, range(len(self.values)))

    def __await__(self) -> Generator[object, None, list[int]]:
        yield from asyncio.sleep(0).__await__()
        return list(self)


def texts(late: Late) -> Iterable[str]:
    """The values as text, in a list of the same kind."""
    values: Any = Late([str(value) for value in late.values], late.error)
    return values  # type: ignore[no-any-return]


def extended(late: Late) -> list[int]:
    values = [0]
    values.extend(late)
    return values


def added_in_place(late: Late) -> list[int]:
    values = same = [0]
    values += late
    assert values is same
    return values


def put_into_a_slice(late: Late) -> list[int]:
    values = [0, 9]
    values[1:] = late
    return values


def given_as_arguments(late: Late) -> list[int]:
    return (lambda *values: list(values))(*late)


def matched(late: Late) -> list[int] | None:
    match late:
        case [first, *rest]:
            return [first, *rest]
    return None


def written_as_csv(late: Late) -> list[int]:
    file = io.StringIO()
    csv.writer(file).writerow(late)
    return [int(text) for text in file.getvalue().split(",")]


def added_to_an_array(late: Late) -> list[int]:
    values = array.array("i")
    values.extend(late)
    return values.tolist()


def joined(late: Late) -> list[int]:
    return [int(each) for each in ",".join(texts(late)).split(",")]


def written_as_lines(late: Late) -> list[int]:
    file = io.StringIO()
    file.writelines(texts(late))
    return [int(letter) for letter in file.getvalue()]


#: Each gives the values, in their order.
READERS: dict[str, Callable[[Late], Any]] = {
    "list": list,
    "tuple": lambda late: list(tuple(late)),  # noqa: C414
    "star": lambda late: [*late],
    "arguments": given_as_arguments,
    "match": matched,
    "comprehension": lambda late: [value + 0 for value in late],
    "slice": lambda late: late[:],
    "extend": extended,
    "slice assignment": put_into_a_slice,
    "list + r": lambda late: operator.add([0], late),
    "list += r": added_in_place,
    "r + list": lambda late: operator.add(late, [4]),
    "r + r": lambda late: late + late,
    "r * 2": lambda late: late * 2,
    "2 * r": lambda late: 2 * late,
    "copy method": lambda late: late.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "pickle in C": lambda late: pickle.loads(pickle.dumps(late)),
    "pickle in Python": lambda late: pickle.loads(
        pickle._dumps(late)  # type: ignore[attr-defined]
    ),
    "pickle of an old protocol": lambda late: pickle.loads(pickle.dumps(late, 0)),
    "json": lambda late: json.loads(json.dumps(late)),
    "json inside": lambda late: json.loads(json.dumps({"r": late}))["r"],
    "json in Python": lambda late: json.loads(json.dumps(late, indent=1)),
    "reversed": lambda late: list(reversed(list(reversed(late)))),
    "zip": lambda late: [value for value, _ in zip(late, "abc", strict=True)],
    "deque": lambda late: list(collections.deque(late)),
    "dict keys": lambda late: list(dict.fromkeys(late)),
    "bytes": lambda late: list(bytes(late)),
    "bytearray": lambda late: list(bytearray(late)),
    "array": lambda late: array.array("i", late).tolist(),
    "array.extend": added_to_an_array,
    "csv": written_as_csv,
    "join": joined,
    "writelines": written_as_lines,
    "numpy.array": lambda late: np.array(late).tolist(),
    "numpy.asarray": lambda late: np.asarray(late, dtype=float).astype(int).tolist(),
    "numpy.concatenate": lambda late: np.concatenate([late]).tolist(),
    "numpy.stack": lambda late: np.stack([late])[0].tolist(),
    "numpy index": lambda late: np.arange(9)[late].tolist(),
    "pandas.Series": lambda late: pd.Series(late).tolist(),
    "pandas.Series of objects": lambda late: pd.Series(late, dtype=object).tolist(),
    "pandas.DataFrame": lambda late: pd.DataFrame({"r": late})["r"].tolist(),
    "pandas column": lambda late: pd.DataFrame(index=range(3)).assign(r=late)["r"].tolist(),
    "pandas.Index": lambda late: pd.Index(late).tolist(),
    "pandas take": lambda late: pd.Series(range(9)).iloc[late].tolist(),
}

AROUND = {
    "extend": [0, *VALUES],
    "slice assignment": [0, *VALUES],
    "list + r": [0, *VALUES],
    "list += r": [0, *VALUES],
    "r + list": [*VALUES, 4],
    "r + r": VALUES * 2,
    "r * 2": VALUES * 2,
    "2 * r": VALUES * 2,
}

#: Each gives something that depends on all values.
QUESTIONS: dict[str, tuple[Callable[[Late], Any], Any]] = {
    "r == list": (lambda late: late == VALUES, True),
    "list == r": (lambda late: operator.eq(VALUES, late), True),
    "r == r": (lambda late: late == Late(VALUES), True),
    "r == other list": (lambda late: late == [3], False),
    "r != list": (lambda late: late != VALUES, False),
    "r < list": (lambda late: late < [4], True),
    "list < r": (lambda late: operator.lt([3, 0], late), True),
    "sorted": (sorted, [1, 2, 3]),
    "set": (set, {1, 2, 3}),
    "in": (lambda late: 2 in late, True),
    "not in": (lambda late: 7 not in late, True),
    "sum": (sum, 6),
    "max": (max, 3),
    "mean": (statistics.mean, 2),
    "count": (lambda late: late.count(2), 1),
    "index": (lambda late: late.index(2), 2),
    "nlargest": (lambda late: heapq.nlargest(1, late), [3]),
    "numpy.mean": (lambda late: float(np.mean(late)), 2.0),
    "numpy equal": (lambda late: bool((np.array(VALUES) == late).all()), True),
    "pandas.isin": (lambda late: bool(pd.Series(VALUES).isin(late).all()), True),
}

#: Each changes the list.
CHANGES: dict[str, tuple[Callable[[Late], object], list[int]]] = {
    "append": (lambda late: late.append(9), [3, 1, 2, 9]),
    "extend": (lambda late: late.extend([8, 9]), [3, 1, 2, 8, 9]),
    "r += list": (lambda late: late.__iadd__([9]), [3, 1, 2, 9]),
    "r *= 2": (lambda late: late.__imul__(2), VALUES * 2),
    "sort": (lambda late: late.sort(), [1, 2, 3]),
    "sort with a key": (lambda late: late.sort(key=lambda x: -x), [3, 2, 1]),
    "reverse": (lambda late: late.reverse(), [2, 1, 3]),
    "insert": (lambda late: late.insert(0, 9), [9, 3, 1, 2]),
    "pop": (lambda late: late.pop(), [3, 1]),
    "remove": (lambda late: late.remove(3), [1, 2]),
    "clear": (lambda late: late.clear(), []),
    "set an item": (lambda late: operator.setitem(late, 0, 9), [9, 1, 2]),
    "set a slice": (lambda late: operator.setitem(late, slice(0, 2), [9]), [9, 2]),
    "delete an item": (lambda late: operator.delitem(late, 0), [1, 2]),
}


@pytest.fixture(params=["late", "there"])
def values(request: pytest.FixtureRequest) -> Late:
    """The list before and after its values have come."""
    late = Late(VALUES)
    if request.param == "there":
        late._whole()
    return late


@pytest.mark.parametrize("name", READERS)
def test_whatever_reads_a_list_gets_the_values(values: Late, name: str) -> None:
    read = READERS[name](values)
    assert read == AROUND.get(name, VALUES)
    assert type(read) is list


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_is_about_all_values(values: Late, name: str) -> None:
    question, answer = QUESTIONS[name]
    assert question(values) == answer


@pytest.mark.parametrize("name", CHANGES)
def test_changes_change_the_list(values: Late, name: str) -> None:
    change, changed = CHANGES[name]
    change(values)
    assert list(values) == changed
    assert len(values) == len(changed)
    assert values == changed


@pytest.mark.parametrize("name", [*READERS, *QUESTIONS, *CHANGES])
def test_a_value_that_is_an_error_is_raised(name: str) -> None:
    use: Callable[[Late], object]
    use = READERS.get(name) or (QUESTIONS.get(name) or CHANGES[name])[0]
    with pytest.raises(KeyError, match="mine"):
        use(Late(VALUES, KeyError("mine")))


def test_code_that_looks_into_the_storage_fails_or_sees_all_values() -> None:
    def concatenated(late: Late) -> bool:
        return operator.concat([0], late) == [0, *VALUES]

    def compared_with_another_kind(late: Late) -> bool:
        return bool(type("Other", (list,), {})(VALUES) == late)

    def put_into_an_array(late: Late) -> bool:
        numbers = array.array("i")
        numbers.fromlist(late)
        return numbers.tolist() == VALUES

    def smallest(late: Late) -> bool:
        heapq.heapify(late)
        return heapq.heappop(late) == 1

    for use in (concatenated, compared_with_another_kind, put_into_an_array, smallest):
        there = Late(VALUES)
        there._whole()
        assert use(there), use
        for late in (Late(VALUES), Late(VALUES, KeyError("mine"))):
            with pytest.raises((RuntimeError, TypeError)):
                use(late)


@pytest.mark.parametrize(
    "use",
    [
        hash,
        bool,
        int,
        float,
        len,
        list,
        pickle.dumps,
        lambda value: [0][value],
        lambda value: value + 1,
        lambda value: sum([1, value]),
        lambda value: value == 1,
        lambda value: {value},
        lambda value: value in [1],
        lambda value: any([value]),
    ],
)
def test_whoever_gets_a_value_that_is_not_there_cannot_use_it(use: Callable[[Any], Any]) -> None:
    for size in (3, None):
        [value, *_] = operator.concat([], LateList[int](size))
        assert "wait for the result" in repr(value)
        with pytest.raises(RuntimeError, match="wait for the result"):
            use(value)


def test_the_storage_has_values_only_when_it_has_all() -> None:
    late = Late(VALUES)
    assert [late._filled, list.__len__(late)] == [False, 3]
    assert all(each is NOT_THERE for each in list.__iter__(late))
    assert late[0] == 3  # waits for this one alone
    assert not late._filled
    late._whole()
    assert list.__eq__(late, VALUES)
    late._empty(3)
    assert [late._filled, list.__len__(late)] == [False, 3]


def test_a_list_of_very_many_values_takes_little_memory_before_they_come() -> None:
    late: LateList[int] = LateList(10**12)
    assert list.__len__(late) == MOST_MISSING
    assert list.__len__(LateList[int](None)) == UNKNOWN
    assert list.__len__(LateList[int](0)) == 0


def test_bisect_finds_places_in_it(values: Late) -> None:
    values.sort()
    assert bisect.bisect(values, 2) == 2
    bisect.insort(values, 2)
    assert values == [1, 2, 2, 3]


def test_it_is_a_list_and_no_other_kind_of_value_equals_it() -> None:
    late = Late(VALUES)
    assert isinstance(late, list)
    assert bool(late)
    others: list[Any] = [None, 3, (3, 1, 2), "312"]
    for other in others:
        assert late != other
        assert other != late
    assert not late._filled  # nothing of this has waited
    with pytest.raises(TypeError, match="can only concatenate"):
        operator.add((), late)


def test_it_can_be_hashed_no_more_than_a_list() -> None:
    late = Late(VALUES)
    cached = functools.lru_cache(len)
    for use in (hash, lambda each: {each}, lambda each: {each: 1}, cached):
        with pytest.raises(TypeError, match="unhashable type: 'Late'"):
            use(late)


def test_asyncio_gathers_it() -> None:
    late, other = Late(VALUES), Late([5])

    async def gather() -> list[list[int]]:
        return list(await asyncio.gather(late, other, late))

    async def as_completed() -> list[list[int]]:
        return sorted([await each for each in asyncio.as_completed([late, other])])

    assert asyncio.run(gather()) == [VALUES, [5], VALUES]
    assert asyncio.run(as_completed()) == [VALUES, [5]]


def test_two_threads_fill_it_once() -> None:
    late = Late(VALUES)
    gate = threading.Barrier(2)

    def fill() -> None:
        gate.wait(10)
        late._fill(VALUES)
        late.append(9)

    threads = [threading.Thread(target=fill) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert late == [3, 1, 2, 9, 9]
