"""Arrays and data frames in the real kernel; `tests/unit/wire/test_numpy.py` has them natively."""

from __future__ import annotations

import pytest

from tests.support.kernel import Kernel


@pytest.fixture(scope="module", autouse=True)
def _numpy(kernel: Kernel) -> None:
    if kernel.execute("import numpy as np, pandas as pd").status != "ok":
        pytest.skip("numpy and pandas come from Pyodide's CDN, which cannot be reached from here")
    kernel.run("from jupyterlite_pool import get_reusable_executor, pool_map")


def test_tasks_take_arrays_and_data_frames_and_give_them_back(kernel: Kernel) -> None:
    kernel.run(
        """
array = np.arange(200_000.0).reshape(200, 1000)
rows = pool_map(lambda i: array[i] * 2, range(200))
whole = pool_map(lambda a: a + 1, [array, -array])
frame = pd.DataFrame({"x": np.arange(50_000.0)})
means = pool_map(lambda part: part.x.mean(), [frame[:10], frame[10:]])
"""
    )
    assert kernel.value("bool((np.array(rows) == 2 * array).all())") is True
    assert kernel.value("bool((whole[1] == 1 - array).all())") is True
    assert kernel.value("list(means)") == [4.5, 25004.5]


def test_workers_share_no_stream_of_numpys(kernel: Kernel) -> None:
    kernel.run("drawn = get_reusable_executor().run_everywhere(lambda: np.random.random())")
    assert kernel.value("len(set(drawn)) == len(drawn)") is True
    kernel.run(
        """
def draw(_):
    return float(np.random.random())
one = list(pool_map(draw, range(12), seed=7, max_workers=1))
two = list(pool_map(draw, range(12), seed=7, chunksize=1))
"""
    )
    assert kernel.value("one == two and len(set(one)) == 12") is True


def test_an_item_that_imports_numpy_itself_has_its_own_stream(kernel: Kernel) -> None:
    kernel.run(
        """
def draw(_):
    import numpy
    return float(numpy.random.random())
again = list(pool_map(draw, range(12), seed=7, max_workers=1))
get_reusable_executor().terminate_workers()
new = list(pool_map(draw, range(12), seed=7, chunksize=1))
"""
    )
    assert kernel.value("new == again and len(set(new)) == 12") is True
