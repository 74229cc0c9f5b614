"""What the text of a cell tells about what the cell does."""

from __future__ import annotations

import pytest

from jupyterlite_pool.commands.parallel.effects import effects_of

IMPORTS = {
    "np": "numpy",
    "pd": "pandas",
    "os": "os",
    "random": "random",
    "plt": "matplotlib.pyplot",
    "asyncio": "asyncio",
    "time": "time",
    "pool_map": "jupyterlite_pool.api.pool_map.pool_map",
    "json": "json",
}


@pytest.mark.parametrize(
    "cell",
    [
        "y = f(x)",
        "total = sum(n * n for n in range(10))\nprint(total)",
        "frame = pd.read_csv('a.csv')\nframe['b'] = 1\nframe.describe()",
        "rows = []\nfor i in range(9):\n    rows.append(i)",
        "n += 1\nprint(n)",
        "await asyncio.sleep(1)\nz = work(x)",
        "path = os.path.join('a', 'b')\ntime.sleep(1)\ny = [path]*3",
        "rng = np.random.default_rng(1)\ny = rng.normal(size=3)",
        "with open('a.txt') as file:\n    text = file.read()",
        "def g(n):\n    return n * k\nvalues = [g(n) for n in range(9)]",
        "text = json.dumps(f(x))",
        "del x\ny = f(z)",
    ],
)
def test_a_worker_may_run_it(cell: str) -> None:
    assert effects_of(cell, IMPORTS).why is None


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("%time f(x)", "It has a magic or a shell command."),
        ("!ls", "It has a magic or a shell command."),
        ("files = !ls\nf(files)", "It has a magic or a shell command."),
        ("%%time\nf(x)", "It has a magic or a shell command."),
        ("x = (", "It is not valid Python."),
        ("exec(x)", "It uses `exec`, which can do what its text does not show."),
        ("globals()['x'] = f(1)", "It uses `globals`, which can do what its text does not show."),
        (
            "from math import *\ny = f(1)",
            "It imports names with `*`, which its text does not show.",
        ),
        ("from __future__ import annotations\nf(1)", "It changes how Python reads the cells"),
        ("os.chdir(f(x))", "It uses `os.chdir`, whose state all cells share."),
        ("os.environ['A'] = f(x)", "It changes something of a module: `os`."),
        ("y = f(os)", "It uses `os`, whose state all cells share."),
        ("asyncio.create_task(f(x))", "It uses `asyncio.create_task`, whose state all cells"),
        ("random.seed(f(x))\ny = f(1)", "It calls `random.seed`, and uses no value of it."),
        ("y = random.random()", "It uses the random numbers that all cells share."),
        ("y = np.random.rand(3)", "It uses the random numbers that all cells share."),
        ("y = pool_map(f, x)", "It uses the pool itself: `pool_map`."),
        ("pd.options.mode = f(x)", "It changes something of a module: `pd.options.mode`."),
        ("np.set_printoptions(precision=f(x))", "It calls `np.set_printoptions`, and uses"),
        ("pd.show(x)\nf(x)", "It calls `pd.show`, and uses no value of it."),
        ("y = table.query('a > @b')", "It calls `query`, which can read names of the notebook."),
        ("f(x).to_csv('a.csv')", "It may write files: it calls `to_csv`."),
        ("open('a', 'w').write(f(x))", "It may write files"),
        ("open(name, mode)\nf(x)", "It may write files: it calls `open`."),
    ],
)
def test_it_runs_in_the_notebook_alone(cell: str, why: str) -> None:
    effects = effects_of(cell, IMPORTS)
    assert (effects.why or "").startswith(why)
    assert effects.unknown


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("x.append(f(1))", "It changes `x` in place."),
        ("x[0] = f(1)", "It changes `x` in place."),
        ("x.a.b = f(1)", "It changes `x` in place."),
        ("del x[0]\nf(1)", "It changes `x` in place."),
        ("x.drop(f(1), inplace=True)", "It changes `x` in place."),
        ("model.prepare(f(x))\nmodel.score()", "It changes `model` in place."),
        ("y = next(x) + f(1)", "It changes `x` in place."),
        ("plt.plot(f(x))", "It draws, and the figure is the notebook's."),
        ("class A: ...\ny = f(A)", "It defines the class `A`."),
        ("@cache\ndef g(): ...\ny = g()", "It defines the function `g` in more than plain words."),
        ("def g(a=[]): ...\ny = g()", "It defines the function `g` in more than plain words."),
        ("def g(): ...\ng = f(g)", "It sets `g`, a function that it defines."),
        ("def g():\n    global k\n    k = 1\ny = g()", "A function in it sets `k` with `global`."),
        ("import numpy\ndef f(): ...\nN = 3", "It only imports and defines."),
        ("ys = xs", "It only imports and defines."),
    ],
)
def test_it_runs_in_the_notebook_beside_others(cell: str, why: str) -> None:
    effects = effects_of(cell, IMPORTS)
    assert effects.why == why
    assert not effects.unknown


def test_what_it_reads_and_sets() -> None:
    effects = effects_of("import a.b as c\nfor i in xs:\n    d = i\ndel e\n(f := g)", {})
    assert effects.reads == {"xs", "e", "g"}
    assert effects.sets == {"c", "i", "d", "e", "f"}
    assert effects.deletes == {"e"}


@pytest.mark.parametrize("cell", ["y = _ + 1", "y = Out[3]", "print(_12)", "f(In)"])
def test_it_knows_who_reads_the_last_values(cell: str) -> None:
    assert effects_of(cell, {}).history


def test_a_function_is_told_apart_from_who_calls_it() -> None:
    effects = effects_of("def f(x):\n    os.remove(x)\n    return x", IMPORTS)
    assert not effects.unknown
    assert effects.late_why == "It calls `os.remove`, and uses no value of it."
