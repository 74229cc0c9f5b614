"""Arrays and data frames without a browser; see also `tests/browser/wire/test_numpy.py`."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyterlite_pool import WorkerPoolExecutor
from jupyterlite_pool.backends.threads import InProcessBackend
from jupyterlite_pool.wire.buffers import in_heap
from jupyterlite_pool.wire.payload import Encoded, decode, encode
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


def draw(seed: int, item: int, count: int = 3) -> list[float]:
    """The numbers that an item draws if numpy is loaded when it begins."""
    seed_item(seed, item)
    return list(np.random.random(count))


@pytest.mark.usefixtures("_generators")
def test_numpys_generator_has_a_stream_for_each_item() -> None:
    assert draw(7, 0) == draw(7, 0)
    assert draw(7, 1) != draw(7, 0) != draw(8, 0)
    # In this way numpy makes streams that are independent of each other.
    child = np.random.SeedSequence(7).spawn(2)[1]
    assert draw(7, 1) == list(np.random.RandomState(child.generate_state(8)).random_sample(3))


#: The beginning of a program that has not imported numpy yet.
WITHOUT_NUMPY = """
import importlib, importlib.util, json, sys
from jupyterlite_pool.worker.randomness import own_stream, seed_item, unseed
finders = list(sys.meta_path)
"""


def run_without_numpy(program: str) -> Any:
    """The value that a program prints as JSON. The program begins without numpy."""
    command = (sys.executable, "-c", WITHOUT_NUMPY + program)
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


@pytest.mark.usefixtures("_generators")
@pytest.mark.parametrize(
    "imports",
    [
        "import numpy as np; random = np.random.random",
        "from numpy.random import random",
        "importlib.util.find_spec('numpy.random'); from numpy.random import random",
    ],
)
def test_an_item_that_imports_numpy_itself_has_its_own_stream(imports: str) -> None:
    drawn = run_without_numpy(
        f"""
seed_item(7, 0)
seed_item(7, 1)
early = "numpy" in sys.modules
{imports}
print(json.dumps([early, list(random(3)), sys.meta_path == finders]))
"""
    )
    assert drawn == [False, draw(7, 1), True]


@pytest.mark.usefixtures("_generators")
def test_after_seeded_items_numpy_is_imported_without_a_seed() -> None:
    program = """
seed_item(7, 1)
unseed()
clean = sys.meta_path == finders
import numpy as np
print(json.dumps([clean, list(np.random.random(3))]))
"""
    clean, drawn = run_without_numpy(program)
    assert clean
    assert drawn != draw(7, 1)


@pytest.mark.usefixtures("_generators")
def test_a_reload_of_numpys_generators_does_not_begin_the_stream_anew() -> None:
    drawn = run_without_numpy(
        """
seed_item(7, 1)
import numpy.random
before = list(numpy.random.random(3))
module = importlib.reload(numpy.random)
print(json.dumps([*before, *module.random(3)]))
"""
    )
    assert drawn == draw(7, 1, 6)


@pytest.mark.usefixtures("_generators")
def test_what_is_drawn_after_an_item_that_imported_numpy_here_is_new() -> None:
    inside, after = run_without_numpy(
        """
with own_stream(7, 1):
    import numpy as np
    inside = list(np.random.random(3))
print(json.dumps([inside, list(np.random.random(3))]))
"""
    )
    assert inside == draw(7, 1)
    assert after != draw(7, 1, 6)[3:]


@pytest.mark.usefixtures("_generators")
def test_an_item_keeps_its_stream_where_one_inside_of_it_imports_numpy() -> None:
    inside, after = run_without_numpy(
        """
seed_item(7, 1)
with own_stream(7, 0):
    pass
with own_stream(8, 0):
    import numpy as np
    inside = list(np.random.random(3))
print(json.dumps([inside, list(np.random.random(3))]))
"""
    )
    assert inside == draw(8, 0)
    assert after == draw(7, 1)
