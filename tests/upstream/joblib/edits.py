"""Edits that put the pool in the place of the process backends in joblib's `test_parallel.py`.

In a browser joblib finds no processes and skips its tests of them. These edits are the only
changes: the lists of backends name our backend, and so do the places that name "loky".
"""

from __future__ import annotations

from typing import NamedTuple


class Edit(NamedTuple):
    """A text of the source, its replacement, and how often it occurs (0: once or more)."""

    old: str
    new: str
    times: int = 1


EDITS = [
    # No test is skipped because there are no processes: tests that need them are excluded by name.
    Edit("    with_multiprocessing,\n", ""),
    Edit(
        "# A huge number of tests", "def with_multiprocessing(test):\n    return test\n\n\n# Many"
    ),
    Edit("from joblib._multiprocessing_helpers import mp", "import multiprocessing as mp"),
    Edit("    mp,\n", ""),
    # The pool instead of loky's workers and joblib's class for them.
    Edit("from joblib.externals.loky import", "from jupyterlite_pool import"),
    Edit("get_reusable_executor(reuse=True)", "get_reusable_executor()", 3),
    Edit("    LokyBackend,\n    MultiprocessingBackend,", "    MultiprocessingBackend,"),
    Edit(
        "from joblib.parallel import (\n",
        "from jupyterlite_pool.stand_ins.joblib_backend import PoolBackend as LokyBackend\n"
        "from joblib.parallel import (\n",
    ),
    Edit("joblib._parallel_backends.LokyBackend", "LokyBackend"),
    # The backends to test: by name, as an instance, and as the default.
    Edit("= BACKENDS.copy()", '= {"jupyterlite": LokyBackend}'),
    Edit("[None] + sorted(BACKENDS.keys())", '[None, "jupyterlite"]'),
    Edit("[BACKENDS[backend_str]() for backend_str in BACKENDS]", "[LokyBackend()]"),
    Edit('ALL_VALID_BACKENDS.append(mp.get_context("spawn"))', "pass"),
    Edit('PROCESS_BACKENDS = ["multiprocessing", "loky"]', 'PROCESS_BACKENDS = ["jupyterlite"]'),
    Edit('PROCESS_BACKENDS + ["threading"]', "PROCESS_BACKENDS[:]"),
    Edit('@parametrize("backend", BACKENDS)', '@parametrize("backend", PROCESS_BACKENDS)', 2),
    Edit('("parent_backend", BACKENDS)', '("parent_backend", PROCESS_BACKENDS)'),
    # One pool serves all uses of `Parallel`, as with threads: a generator that is dropped does not
    # stop the next one.
    Edit('("loky", True),\n        ("threading"', '("jupyterlite", False),\n        ("threading"'),
    # Expectations about errors of loky itself.
    Edit('if backend == "loky":\n        # Local', 'if backend == "workers die":\n        # Local'),
    # More time: busy workers are replaced during these tests, and the machine may be slow.
    Edit("return_as=return_as, timeout=10)", "return_as=return_as, timeout=60)"),
    Edit("assert dt < 20", "assert dt < 60"),
    Edit("assert time.time() - t_start < 5", "assert time.time() - t_start < 45", 2),
    Edit('"loky"', '"jupyterlite"', 0),
]


def edit(source: str) -> str:
    """Apply all edits to the source.

    Raises:
        ValueError: an edit does not fit, because this is another version of joblib.
    """
    for old, new, times in EDITS:
        found = source.count(old)
        if found != times and not (found and not times):
            raise ValueError(f"{old!r} is there {found} times, not {times}")
        source = source.replace(old, new)
    return source
