"""The bare wheel in a notebook of a site that strangers have built, with JupyterLite 0.5.

The site has Pyodide 0.27.7 (Python 3.12) with numpy, pandas, scikit-learn and matplotlib. Nothing
of ours is on it: a notebook installs the wheel.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Pages
from tests.releases.conftest import the_wheel
from tests.releases.drive import FILES, tasks_read_and_write
from tests.support.kernel import UNTIL, Kernel
from tests.support.strangers import lay_out, start_kernel
from tests.support.wheels import CLOUDPICKLE, COMPILED_FOR_DASK, DASK, Wheels, download

pytestmark = pytest.mark.timeout(300)  # a kernel starts, and loads packages, in three workers

BESIDE = """
futures = [executor.submit(copy, i) for i in range(12)]
# The notebook asks for files of its own meanwhile.
texts = [pathlib.Path(f"numbers/{i}.txt").read_text() for i in range(12)]
beside = [future.result()[0] for future in futures]
"""

ARRAYS = """
import numpy as np

def largest(matrix):
    return np.linalg.svd(matrix, compute_uv=False)[0]

matrices = [np.random.default_rng(seed).normal(size=(20, 20)) for seed in range(8)]
values = list(pool_map(largest, matrices, progress=False))
large = np.arange(1_000_000.0)
doubled = executor.submit(lambda array: array * 2, large).result()
structured = np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")])
back = executor.submit(lambda array: array["b"], structured).result()
dates = executor.submit(np.sort, np.array(["2026-02-01", "2025-01-01"], "M8[D]")).result()
"""

FRAMES = """
import pandas as pd
frame = pd.DataFrame({
    "group": pd.Categorical(["a", "b", "a", "b"]),
    "time": pd.date_range("2026-01-01", periods=4, tz="Europe/Berlin"),
    "value": [1.0, 2.0, 3.0, None],
})
frame.to_csv("numbers/frame.csv", index=False)

def summed(part):
    return part["value"].sum()

pieces = [part for _, part in frame.groupby("group", observed=True)]
sums = list(pool_map(summed, pieces, progress=False))
back = executor.submit(lambda table: table.iloc[::-1], frame).result()
read = executor.submit(pd.read_csv, "numbers/frame.csv").result()
"""

#: Compared with pandas' own methods, in this older release of it.
METHODS = """
import jupyterlite_pool.pandas
from jupyterlite_pool import current_worker

table = pd.DataFrame({
    "number": range(60),
    "word": ["even" if n % 2 else "odd" for n in range(60)],
    "day": pd.date_range("2026-01-01", periods=60, tz="Europe/Berlin"),
})
methods = {
    "rows": lambda t, a: a(t, lambda row: row["number"] if row["number"] > 50 else None, axis=1),
    "dicts of rows": lambda t, a: a(t, lambda row: {"n": row["number"]}, axis=1),
    "series of rows": lambda t, a: a(t, lambda row: row[["number", "word"]], axis=1),
    "columns": lambda t, a: a(t[["number"]], lambda column: column.max() - column.min()),
    "values": lambda t, a: a(t["day"], lambda day: day.weekday()),
    "groups": lambda t, a: a(t.groupby("word")[["number", "day"]], lambda group: group.head(2)),
}

def own(thing, *args, **kwargs):
    return thing.apply(*args, **kwargs)

def pooled_apply(thing, *args, **kwargs):
    return thing.parallel_apply(*args, **kwargs)

same = {
    name: bool(call(table, own).equals(call(table, pooled_apply)))
    for name, call in methods.items()
}
mapped = bool(table["word"].map(len).equals(table["word"].parallel_map(len)))
on = table.parallel_apply(lambda row: current_worker().id, axis=1).nunique()
"""

LEARN = """
import jupyterlite_pool
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score

X, y = make_classification(200, 8, random_state=0)

def search(n_jobs):
    forest = RandomForestClassifier(n_estimators=8, random_state=0)
    grid = {"max_depth": [2, 4], "min_samples_leaf": [1, 5]}
    return GridSearchCV(forest, grid, cv=2, n_jobs=n_jobs).fit(X, y)

serial = search(1)
jupyterlite_pool.install()
try:
    pooled = search(-1)
    crossed = cross_val_score(RandomForestClassifier(8, random_state=0), X, y, cv=2, n_jobs=2)
    forest = RandomForestClassifier(8, random_state=0, n_jobs=2).fit(X, y).score(X, y)
    import joblib
    from jupyterlite_pool import current_worker
    where = joblib.Parallel(n_jobs=-1)(joblib.delayed(current_worker)() for _ in range(4))
finally:
    jupyterlite_pool.uninstall()
crossed_serially = cross_val_score(RandomForestClassifier(8, random_state=0), X, y, cv=2)
forest_serially = RandomForestClassifier(8, random_state=0).fit(X, y).score(X, y)
"""

#: A figure that stays open, one that `plt.show` shows, and a picture that is displayed.
FIGURES = """
def draw(n):
    import matplotlib.pyplot as plt
    from PIL import Image
    if n == 2:
        return display(Image.new("RGB", (5, 5)))
    figure, axes = plt.subplots(figsize=(1, 1))
    axes.plot(range(n))
    if n == 3:
        plt.show()
    return plt.get_fignums()

drawn = list(pool_map(draw, [2, 3, 4], progress=False, chunksize=1))
left = list(pool_map(lambda _: __import__("matplotlib.pyplot").pyplot.get_fignums(), range(4)))
"""

ARROW = """
import pyarrow as pa
from jupyterlite_pool.wire.payload import encode

table = pa.table({"n": list(range(200_000)), "word": ["a", "b"] * 100_000})

def part(table, of, number):
    import pyarrow.compute as pc
    return table.filter(pc.equal(pc.bit_wise_and(table["n"], of - 1), number))

parts = list(pool_map(part, [table] * 4, [4] * 4, range(4), progress=False))
whole = pa.concat_tables(parts).sort_by("n")
beside = sum(buffer.nbytes for buffer in encode(table).buffers)
"""

SCIENCE = """
import math
import numpy as np
from scipy import integrate, optimize, sparse, special

gammas = list(pool_map(special.gamma, [1.0, 2.5, 7.0], progress=False))
area, _ = executor.submit(integrate.quad, math.sin, 0, math.pi).result()
starts = [np.full(3, x) for x in (0.5, 1.5, -1.0)]
found = [best.x for best in pool_map(lambda x: optimize.minimize(optimize.rosen, x), starts,
                                     progress=False)]
matrix = sparse.random(500, 500, 0.01, format="csr", random_state=3)
product = executor.submit(lambda m: m @ m, matrix).result()
"""

DASK_ARRAY = """
import dask.array as da
import numpy as np

numbers = np.random.default_rng(5).normal(size=(400, 300))
array = da.from_array(numbers, chunks=(100, 150))
gram = (array.T @ array).compute(scheduler=executor)
means = array.mean(axis=0).compute(scheduler=executor)
where = array.map_blocks(lambda block: np.full((1, 1), current_worker().id), chunks=(1, 1),
                         dtype=int, meta=np.array([[0]]))
workers = np.unique(where.compute(scheduler=executor)).tolist()
"""


@pytest.fixture(scope="module")
def kernel(
    site_of_strangers: Path,
    module_pages: Pages,
    serve: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Kernel:
    """A kernel of that site, in which the bare wheel is installed."""
    folder = tmp_path_factory.mktemp("strangers")
    wheels = [the_wheel(), download(CLOUDPICKLE)]
    lay_out(site_of_strangers, wheels, folder)
    kernel = start_kernel(module_pages.open(), serve(folder), wheels)
    kernel.run(
        "import json, warnings\n"
        "from jupyterlite_pool import get_reusable_executor, pool_map\n"
        "from jupyterlite_pool.errors import PoolFallbackWarning\n"
        "warnings.simplefilter('error', PoolFallbackWarning)\n"
        "executor = get_reusable_executor(2)"
    )
    kernel.run(UNTIL)
    kernel.run("await until(lambda: len(executor.ready_workers) == 2)")
    kernel.run(FILES)
    return kernel


def test_workers_are_restored_from_memory(kernel: Kernel) -> None:
    kernel.run("workers = executor._pool.backend._pool.workers")
    assert kernel.value("sorted(bool(worker.restored) for worker in workers)") == [False, True]


def test_tasks_and_errors_are_those_of_any_site(kernel: Kernel) -> None:
    kernel.run("squares = list(pool_map(lambda x: x * x, range(300)))")
    assert kernel.value("squares == [x * x for x in range(300)]") is True
    error = kernel.fails("pool_map(lambda x: 1 // (x - 3), range(6))")
    assert "ZeroDivisionError" in error["ename"]  # the kernel of 0.5 has the class's own text
    assert "1 // (x - 3)" in re.sub(r"\x1b\[[\d;]*m", "", "".join(error["traceback"]))


def test_tasks_read_and_write_the_notebooks_files(kernel: Kernel) -> None:
    tasks_read_and_write(kernel)


def test_the_notebook_and_its_workers_ask_for_files_at_once(kernel: Kernel) -> None:
    # The site's service worker would give one the answer to the other's request.
    kernel.run(BESIDE)
    assert kernel.value("texts == beside == [str(i) * 100 for i in range(12)]") is True


def test_numpy(kernel: Kernel) -> None:
    kernel.run(ARRAYS)
    assert kernel.value("bool(np.allclose(values, [largest(m) for m in matrices]))") is True
    assert kernel.value("bool((doubled == large * 2).all())") is True
    assert kernel.value("back.tolist()") == [2.5]
    assert kernel.value("[str(date) for date in dates]") == ["2025-01-01", "2026-02-01"]


def test_pandas(kernel: Kernel) -> None:
    kernel.run(FRAMES)
    assert kernel.value("sums") == [4.0, 2.0]
    assert kernel.value("bool(back.equals(frame.iloc[::-1]))") is True
    assert kernel.value("str(back['time'].dtype)") == "datetime64[ns, Europe/Berlin]"
    assert kernel.value("read['value'].dropna().tolist()") == [1.0, 2.0, 3.0]


def test_the_methods_of_pandas_on_the_pool(kernel: Kernel) -> None:
    kernel.run("import pandas as pd" + METHODS)
    assert kernel.value("[name for name, equal in same.items() if not equal]") == []
    assert kernel.value("len(same)") == 6
    assert kernel.value("mapped") is True
    assert kernel.value("int(on)") == 2


def test_scikit_learn_has_the_scores_of_a_serial_run(kernel: Kernel) -> None:
    kernel.run(LEARN)
    scores = "cv_results_['mean_test_score'].tolist()"
    assert kernel.value(f"pooled.{scores} == serial.{scores}") is True
    assert kernel.value("pooled.best_params_ == serial.best_params_") is True
    assert kernel.value("crossed.tolist() == crossed_serially.tolist()") is True
    assert kernel.value("forest == forest_serially") is True
    assert kernel.value("all(worker is not None for worker in where)") is True


def test_pyarrows_tables_travel_with_their_buffers_beside_them(kernel: Kernel) -> None:
    kernel.run(ARROW)
    assert kernel.value("whole.equals(table.combine_chunks())") is True
    assert kernel.value("beside > 0.9 * table.nbytes") is True


def test_functions_of_scipy(kernel: Kernel) -> None:
    kernel.run(SCIENCE)
    assert kernel.value("gammas == [special.gamma(x) for x in (1.0, 2.5, 7.0)]") is True
    assert kernel.value("abs(area - 2) < 1e-9") is True
    assert kernel.value("all(np.allclose(x, 1, atol=1e-3) for x in found)") is True
    assert kernel.value("(product != matrix @ matrix).nnz") == 0


def test_arrays_of_dask(kernel: Kernel, wheels: Wheels) -> None:
    wheels.install(kernel, *DASK)
    wheels.install_pure(kernel, COMPILED_FOR_DASK)
    kernel.run("from jupyterlite_pool import current_worker" + DASK_ARRAY)
    assert kernel.value("np.allclose(gram, numbers.T @ numbers)") is True
    assert kernel.value("np.allclose(means, numbers.mean(axis=0))") is True
    # How many of them take part, the machine decides: a block takes next to no time.
    assert kernel.value("0 < len(workers) and set(workers) <= executor.ready_workers") is True


def test_figures_of_tasks_are_shown_in_the_notebook(kernel: Kernel) -> None:
    reply = kernel.run(FIGURES)
    assert kernel.value("drawn") == [None, [], [1]]
    assert kernel.value("left") == [[], [], [], []]
    pictures = [shown["data"]["image/png"] for shown in reply.displays() if "data" in shown]
    assert len(pictures) == 3
    for picture in pictures:
        assert base64.b64decode(picture)[:4] == b"\x89PNG"
