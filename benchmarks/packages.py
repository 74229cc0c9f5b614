"""Measures when the pool pays, with the packages that people use, and what a worker holds of them.

usage: python -m benchmarks.packages [--memory] [--browser NAME]

The notebook is on a site that others have built, with numpy, pandas, scikit-learn and Pillow for
Pyodide 0.27; the pool has two workers. Prints four Markdown tables: times, Python's memory in a
worker, the computer's memory that a further worker takes in each browser that is installed, and
how many workers there are by default. With `--memory`, the last two; with `--browser Firefox`, in
that one alone.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from browser import find as find_browser
from playwright.sync_api import sync_playwright
from releases import UnavailableError, strangers_site

from tests.conftest import BROWSER_FLAGS
from tests.support.kernel import UNTIL, Kernel
from tests.support.strangers import lay_out, start_kernel
from tests.support.wheels import CLOUDPICKLE, download

from .loaded import LOADED, installed_browsers, print_weights, table_of_sizes
from .scripts import served
from .stage import HERE

#: What analysts load together.
EVERYTHING = ("pandas", "sklearn.ensemble", "matplotlib.pyplot")

#: How often each piece of work is done in each way.
ROUNDS = 3

SET_UP = """
import io, pathlib, random, time
import matplotlib
import numpy as np
import pandas as pd
from PIL import Image
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV
import jupyterlite_pool
import jupyterlite_pool.pandas
from jupyterlite_pool import WorkerPoolExecutor, get_reusable_executor, pool_map

executor = get_reusable_executor(2)
await until(lambda: len(executor.ready_workers) == 2)
rng = np.random.default_rng(3)

pathlib.Path("measured").mkdir(exist_ok=True)
numbers = pd.DataFrame({"group": np.arange(20_000) % 50, "value": rng.normal(size=20_000)})
files = [f"measured/{i}.csv" for i in range(12)]
for name in files:
    numbers.to_csv(name, index=False)

def read(name):
    return float(pd.read_csv(name).groupby("group")["value"].mean().max())

def picture(seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (1000, 1000, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG")
    return data.getvalue()

pictures = [picture(seed) for seed in range(24)]

def thumbnail(data):
    image = Image.open(io.BytesIO(data))
    image.thumbnail((128, 128))
    small = io.BytesIO()
    image.save(small, "PNG")
    return small.getvalue()

table = pd.DataFrame({"group": np.arange(60_000) % 60, "value": rng.normal(size=60_000)})

def trend(group):
    values = group["value"].reset_index(drop=True)
    smooth = [values.rolling(width, min_periods=1).median() for width in range(5, 60, 5)]
    return float(sum(each.std() for each in smooth))

def walk(seed):
    own = random.Random(seed)
    at = furthest = 0
    for _ in range(100_000):
        at += own.choice((-1, 1))
        furthest = max(furthest, abs(at))
    return furthest

matrices = [rng.normal(size=(150, 150)) for _ in range(60)]

def largest(matrix):
    return float(np.linalg.svd(matrix, compute_uv=False)[0])

X, y = make_classification(600, 12, random_state=0)

def search(n_jobs):
    forest = RandomForestClassifier(n_estimators=25, random_state=0)
    grid = {"max_depth": [2, 4, 8], "min_samples_leaf": [1, 5]}
    return GridSearchCV(forest, grid, cv=3, n_jobs=n_jobs).fit(X, y).best_score_

def each(function, items):
    return (
        lambda: [function(item) for item in items],
        lambda: list(pool_map(function, items, progress=False)),
    )

groups = table.groupby("group")[["group", "value"]]
pieces = {
    "40 simulations in plain Python": each(walk, range(40)),
    "singular values of 60 matrices of 150 × 150": each(largest, matrices),
    "12 CSV files of 0.5 MB": each(read, files),
    "24 pictures of 1,000 × 1,000 to thumbnails": each(thumbnail, pictures),
    "60 groups of a table, a heavy function of each": (
        lambda: groups.apply(trend), lambda: groups.parallel_apply(trend),
    ),
    "a grid of 6 forests, 3 folds each": (lambda: search(1), lambda: search(-1)),
    "20 arrays times two, by numpy": each(
        lambda part: part * 2, np.array_split(rng.normal(size=10**6), 20)
    ),
}
jupyterlite_pool.register_joblib_backend(make_default=True)

def timed(action):
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
"""

MEMORY = """
def loads(*names):
    import importlib
    for name in names:
        importlib.import_module(name)

def weight_with(*names):
    with WorkerPoolExecutor(1) as own:
        own.submit(loads, *names).result()
        own.submit(loads).result()  # a worker tells its memory with its results
        return max(worker.memory for worker in own.status().workers) / 2**20
"""


def measure(kernel: Kernel) -> None:
    """Print both tables."""
    kernel.run(UNTIL + SET_UP)
    print("| work | in a loop | on two workers | times as fast |\n|---|--:|--:|--:|", flush=True)
    for name in kernel.value("list(pieces)"):
        loop, pool = [], []
        kernel.run(f"_ = pieces[{name!r}][1]()")  # workers load what they need
        for _ in range(ROUNDS):
            loop.append(float(kernel.value(f"timed(pieces[{name!r}][0])")))
            pool.append(float(kernel.value(f"timed(pieces[{name!r}][1])")))
        one, two = statistics.median(loop), statistics.median(pool)
        print(f"| {name} | {one:.2g} s | {two:.2g} s | {one / two:.2f} |", flush=True)
    kernel.run(MEMORY)
    print("\n| a worker has loaded | its memory |\n|---|--:|", flush=True)
    everything = {"pandas, scikit-learn and matplotlib": EVERYTHING}
    for what, names in {**LOADED, **everything}.items():
        print(f"| {what} | {kernel.value(f'weight_with(*{names!r})'):.0f} MB |", flush=True)


def measure_in_chromium(executable: str, url: str, wheels: list[Path]) -> None:
    """Print the tables that need one kernel."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=BROWSER_FLAGS)
        page = browser.new_page()
        page.set_default_timeout(600_000)
        measure(start_kernel(page, url, wheels))
        browser.close()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.packages")
    parser.add_argument("--memory", action="store_true", help="only the computer's memory")
    parser.add_argument("--browser", help="Chromium, Firefox or WebKitGTK; else all of them")
    options = parser.parse_args()
    executable = find_browser()
    if executable is None:
        sys.exit("there is no Chromium: run `python tools/browser.py`")
    try:
        site = strangers_site()
    except UnavailableError as error:
        sys.exit(str(error))
    [wheel] = (HERE.parent / "dist").glob("*.whl")
    wheels = [wheel, download(CLOUDPICKLE)]
    if not options.memory:
        with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as url:
            lay_out(site, wheels, Path(folder))
            measure_in_chromium(str(executable), url, wheels)
    found = installed_browsers(str(executable))
    wanted = [browser for browser in found if options.browser in (None, browser.name)]
    print_weights(wanted, site, wheels)
    print(f"\n{table_of_sizes()}")


if __name__ == "__main__":
    main()
