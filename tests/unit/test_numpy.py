"""Arrays and data frames, natively; `tests/browser/test_numpy.py` has them in the browser."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool._buffers import in_heap
from jupyterlite_pool._payload import Encoded, decode, encode
from jupyterlite_pool.testing import InProcessBackend
from jupyterlite_pool.worker.randomness import seed_item


def back(encoded: Encoded) -> Any:
    return decode(encoded.payload, in_heap(encoded.buffers))


def test_an_array_travels_beside_the_stream_and_can_be_written_to() -> None:
    array = np.arange(100_000, dtype=np.float32).reshape(100, 1000)
    encoded = encode({"array": array})
    assert len(encoded.payload) < 500
    assert [buffer.nbytes for buffer in encoded.buffers] == [array.nbytes]
    copy = back(encoded)["array"]
    assert (copy.dtype, copy.shape) == (array.dtype, array.shape)
    assert (copy == array).all()
    copy[0, 0] = -1
    assert array[0, 0] == 0


def test_the_columns_of_a_data_frame_travel_beside_the_stream() -> None:
    frame = pd.DataFrame({"x": np.arange(50_000.0), "n": np.arange(50_000)})
    encoded = encode([frame])
    assert sum(buffer.nbytes for buffer in encoded.buffers) >= 2 * 50_000 * 8
    assert len(encoded.payload) < 5000
    copy = back(encoded)[0]
    pd.testing.assert_frame_equal(copy, frame)


def test_tasks_take_arrays_and_give_them_back() -> None:
    array = np.arange(100_000.0)
    with WorkerPoolExecutor(backend=InProcessBackend(2)) as executor:
        doubled = list(executor.map(np.multiply, [array, array], [2, 3]))
        data = executor.put(array)
        assert executor.submit(np.sum, data).result() == array.sum()
    assert (doubled[1] == 3 * array).all()


def test_an_array_is_sent_as_it_was_when_it_was_submitted() -> None:
    array = np.zeros(100_000)
    with WorkerPoolExecutor(backend=InProcessBackend(1)) as executor:
        futures = [executor.submit(np.sum, array) for _ in range(20)]
        array[:] = 1
        assert [future.result() for future in futures] == [0.0] * 20


@pytest.fixture
def _generators() -> object:
    states = random.getstate(), np.random.get_state()
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])


@pytest.mark.usefixtures("_generators")
def test_numpys_generator_has_a_stream_for_each_item() -> None:
    def draw(seed: int, item: int) -> list[float]:
        seed_item(seed, item)
        return list(np.random.random(3))

    assert draw(7, 0) == draw(7, 0)
    assert draw(7, 1) != draw(7, 0) != draw(8, 0)
    # As numpy spawns streams that are known to be independent.
    child = np.random.SeedSequence(7).spawn(2)[1]
    assert draw(7, 1) == list(np.random.RandomState(child.generate_state(8)).random_sample(3))
