"""References, which stand for objects that workers hold."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Sequence
from typing import Any

import pytest

from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.dispatch.objects import SharedObjects
from jupyterlite_pool.wire.payload import Encoded, decode, encode
from jupyterlite_pool.wire.refs import ObjectRef, note_refs, set_fetcher


class Store(InProcessBackend):
    """A backend that is never started, and that notes the objects it holds."""

    def __init__(self) -> None:
        super().__init__(1)
        self.held: dict[str, Encoded] = {}

    def put(self, key: str, encoded: Encoded) -> None:
        self.held[key] = encoded

    def drop(self, key: str) -> None:
        del self.held[key]


def keys(refs: Sequence[ObjectRef[Any]]) -> list[str]:
    return [ref.key for ref in refs]


def test_references_are_found_wherever_they_stand_each_once() -> None:
    a: ObjectRef[int] = ObjectRef("a", None)
    b: ObjectRef[int] = ObjectRef("b", None)
    assert keys(encode([a, {"x": (a, b)}]).refs) == ["a", "b"]
    assert sorted(keys(encode(lambda: (b, a)).refs)) == ["a", "b"]
    assert encode([1, 2]).refs == ()


def test_what_is_read_is_the_object_itself() -> None:
    big = object()
    set_fetcher({"a": big}.__getitem__)
    ref: ObjectRef[object] = ObjectRef("a", None)
    first, second = decode(encode([ref, ref]).payload)
    assert first is second is big


def test_pickled_by_anybody_else_it_is_an_error() -> None:
    ref: ObjectRef[int] = ObjectRef("a", None)
    with pytest.raises(pickle.PicklingError, match="workers of its executor only"):
        pickle.dumps(ref)
    with note_refs() as noted:
        pickle.dumps(ref)
    assert noted == [ref]


def test_a_copy_is_the_reference_itself() -> None:
    ref: ObjectRef[int] = ObjectRef("a", None)
    assert copy.copy(ref) is ref
    assert copy.deepcopy([ref])[0] is ref


def test_an_object_is_held_as_long_as_its_reference() -> None:
    store = Store()
    objects = SharedObjects(store)
    ref = objects.put([1, 2])
    assert decode(store.held[ref.key].payload) == [1, 2]
    del ref
    gc.collect()
    assert store.held == {}


def test_an_object_holds_what_it_refers_to() -> None:
    store = Store()
    objects = SharedObjects(store)
    outer = objects.put({"inner": objects.put(1)})
    gc.collect()
    assert len(store.held) == 2
    del outer
    gc.collect()
    assert store.held == {}


def test_a_function_that_refers_to_an_object_is_not_kept_for_later() -> None:
    store = Store()
    objects = SharedObjects(store)
    ref = objects.put(1)
    objects.hold("f", encode([ref]))
    del ref
    gc.collect()
    assert set(store.held) == {"f", "object:0"}
    objects.release("f")
    gc.collect()
    assert store.held == {}
